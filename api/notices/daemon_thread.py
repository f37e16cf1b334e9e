"""Runs one call in a daemon thread: the process can end even if the call hangs."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def in_daemon_thread(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
    """Start a call in a thread of its own. Raises RuntimeError if no thread can be started."""
    future: Future[T] = Future()
    # A running future cannot be cancelled, so the thread can always set its result.
    future.set_running_or_notify_cancel()

    def work() -> None:
        try:
            result = call(*args, **kwargs)
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)

    Thread(target=work, daemon=True).start()
    return future
