"""A quick server of pages made beforehand, in a process of its own; every request leaves a line.

It is reached as the stand-in shop is, by CONNECT and TLS, and is proxy and shop in one.
"""

import asyncio
import gzip
import multiprocessing
import os
import ssl
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Self
from urllib.parse import parse_qs, urlsplit

import trustme

from category_crawler.domain_config import DOMAINS

_ROBOTS = b"User-agent: *\nDisallow: /gp/\nAllow: /s\n"


class PageServer:
    """Answers page n of any listing with the n-th of its pages, gzipped."""

    def __init__(self, pages: Sequence[bytes]) -> None:
        self._answers = [_answer("text/html; charset=utf-8", page) for page in pages]
        self._authority = trustme.CA()
        self._folder = tempfile.TemporaryDirectory(prefix="pages-")
        self._log = Path(self._folder.name) / "log"
        self._port = 0

    @contextmanager
    def serve(self) -> Iterator[Self]:
        """Serve on a free port of 127.0.0.1 until the block is left."""
        here, there = multiprocessing.Pipe()
        # A fork has the pages already.
        process = multiprocessing.get_context("fork").Process(
            target=self._run, args=(there,), daemon=True
        )
        process.start()
        self._port = here.recv()
        try:
            yield self
        finally:
            process.terminate()
            process.join()
            self._folder.cleanup()

    def environment(self) -> dict[str, str]:
        """The environment of a process that is led here by the shops' own URLs."""
        authority = Path(self._folder.name) / "authority.pem"
        self._authority.cert_pem.write_to_path(authority)
        led = {"https_proxy": f"http://127.0.0.1:{self._port}", "SSL_CERT_FILE": str(authority)}
        return os.environ | led

    def requests(self) -> dict[str, list[float]]:
        """When listing pages were asked for since the last call, by what ``i`` names in the URL.

        Seconds by the monotonic clock, in order.
        """
        times: dict[str, list[float]] = {}
        for line in self._log.read_text().splitlines():
            at, name = line.split(" ")
            times.setdefault(name, []).append(float(at))
        os.truncate(self._log, 0)
        return times

    def _run(self, there: Connection) -> None:
        asyncio.run(self._serve(there))

    async def _serve(self, there: Connection) -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        hosts = [shop.host for shop in DOMAINS.values()]
        self._authority.issue_cert(*hosts).configure_cert(context)
        with self._log.open("ab", buffering=0) as log:

            async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                with suppress(ConnectionError, asyncio.IncompleteReadError):
                    await self._talk(reader, writer, context, log)
                writer.close()

            server = await asyncio.start_server(talk, "127.0.0.1", 0)
            there.send(server.sockets[0].getsockname()[1])
            await server.serve_forever()

    async def _talk(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        context: ssl.SSLContext,
        log: IO[bytes],
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await writer.start_tls(context)
        while True:
            request = await reader.readuntil(b"\r\n\r\n")
            writer.write(self._to(request.split(b" ", 2)[1].decode("ascii"), log))
            await writer.drain()

    def _to(self, target: str, log: IO[bytes]) -> bytes:
        parts = urlsplit(target)
        if parts.path != "/s":
            return _answer("text/plain", _ROBOTS)
        query = parse_qs(parts.query)
        log.write(f"{time.monotonic()} {query.get('i', ['-'])[0]}\n".encode())
        return self._answers[int(query.get("page", ["1"])[0]) - 1]


def _answer(content_type: str, body: bytes) -> bytes:
    packed = gzip.compress(body, 6)
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Encoding: gzip\r\n"
        f"Content-Length: {len(packed)}\r\n\r\n"
    )
    return head.encode() + packed
