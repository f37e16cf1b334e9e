"""An asyncio event loop whose end does not wait for a blocking call that hangs."""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

from api.notices.daemon_thread import in_daemon_thread

P = ParamSpec("P")
T = TypeVar("T")

_ROUNDS = 5


class _Loop(asyncio.SelectorEventLoop):
    """Runs each blocking call, such as a DNS lookup, in a daemon thread of its own.

    asyncio's own executor shares a few threads among all calls, and its end waits for them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._sockets: list[socket.socket] = []

    def run_in_executor(  # type: ignore[override]  # the executor is the one thing left out
        self, _executor: Any, call: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        return asyncio.wrap_future(in_daemon_thread(call, *args), loop=self)

    async def create_connection(self, *args: Any, **options: Any) -> Any:
        connection, protocol = await super().create_connection(*args, **options)
        self._sockets.append(connection.get_extra_info("socket"))
        return connection, protocol

    async def hang_up(self) -> None:
        """Cut every connection. Where TLS is used, closing one would wait for the other side."""
        for connected in self._sockets:
            # It may have ended already.
            with suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)
        # The loop learns of it, and closes them, within a few rounds.
        for _ in range(_ROUNDS):
            await asyncio.sleep(0)


def run(work: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a coroutine function in a loop of its own, and return what it returns."""
    loop = _Loop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        try:
            return runner.run(work(*args, **kwargs))
        finally:
            runner.run(loop.hang_up())
