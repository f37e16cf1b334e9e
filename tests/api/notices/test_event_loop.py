"""The event loop of deliveries: what hangs in it holds up nothing, and its connections end."""

import asyncio
import ssl
import threading
from contextlib import suppress
from pathlib import Path
from socket import socket

import pytest

from api.notices.event_loop import run
from tests.api.receivers import trusted
from tests.api.slow_receivers import drip, slow_server


def test_a_blocking_call_that_hangs_is_left_behind() -> None:
    end = threading.Event()

    async def work() -> str:
        with suppress(TimeoutError):
            async with asyncio.timeout(0.1):
                await asyncio.to_thread(end.wait)
        # As many hang as asyncio's own executor never has threads.
        hanging = [asyncio.create_task(asyncio.to_thread(end.wait)) for _ in range(40)]
        await asyncio.sleep(0)
        done = await asyncio.to_thread(lambda: "done")
        return done if len(hanging) == 40 else ""

    try:
        assert run(work) == "done"
        assert not end.is_set(), "the end of the loop did not wait for them"
    finally:
        end.set()


def test_a_blocking_call_hands_on_what_it_raises() -> None:
    def fail() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        run(asyncio.to_thread, fail)


def test_connections_end_with_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the other side of a TLS connection never agrees to its end."""
    context = trusted(tmp_path, monkeypatch, "127.0.0.1")
    has_left = threading.Event()

    def talk(connection: socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            try:
                drip(secure, b"")
            except OSError:
                has_left.set()

    async def work(port: int) -> asyncio.StreamWriter:
        secure = ssl.create_default_context()
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=secure)
        writer.close()
        return writer

    with slow_server(talk) as port:
        writer = run(work, port)
        assert has_left.wait(20)
        del writer  # what is forgotten is closed, too
