"""A proxy that accepts CONNECT for the shop's hosts and refuses all others."""

import asyncio
from contextlib import suppress

from category_crawler.domain_config import DOMAINS

_HOSTS = {host for shop in DOMAINS.values() for host in (shop.domain, shop.host)}
_LONGEST_HEAD = 65_536


class Proxy:
    """Pipes ``CONNECT www.<domain>:443`` to the shop's own port; other hosts get 502.

    Browsers send requests of their own through any proxy; those get 502 too.
    """

    def __init__(self, shop_port: int) -> None:
        self._shop_port = shop_port
        self._pipes: set[asyncio.Task[None]] = set()

    async def serve(self, port: int) -> asyncio.Server:
        """Listen on 127.0.0.1; port 0 means any free port."""
        return await asyncio.start_server(self._accept, "127.0.0.1", port, limit=_LONGEST_HEAD)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            request = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)
            host, _, _ = request[1].decode("latin-1").rpartition(":")
            if request[0] == b"CONNECT" and host in _HOSTS:
                await self._connect(reader, writer)
            else:
                writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
        writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        shop_reader, shop_writer = await asyncio.open_connection("127.0.0.1", self._shop_port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_pipe(reader, shop_writer), _pipe(shop_reader, writer))


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(65_536):
            writer.write(chunk)
            await writer.drain()
    with suppress(ConnectionError, RuntimeError):
        writer.close()
