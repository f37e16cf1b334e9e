"""Runs calls in daemon threads: the process can end even if a call hangs."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Event, Thread
from typing import ParamSpec, TypeVar

logger = logging.getLogger(__name__)

_STOP_SECONDS = 2
"""Seconds to wait for a call when the process stops."""

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


@contextmanager
def repeated(
    do_next: Callable[[], bool], stop: Event, pause: float, failure: str
) -> Iterator[None]:
    """Do what is due, one after the other, in the background while the context is open.

    ``do_next`` says whether anything was due; if nothing was, or it raises, ``pause`` seconds
    follow. ``failure`` is what the log says then.
    """
    thread = Thread(target=_repeat, args=(do_next, stop, pause, failure), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(_STOP_SECONDS)


def _repeat(do_next: Callable[[], bool], stop: Event, pause: float, failure: str) -> None:
    while not stop.is_set():
        try:
            was_due = do_next()
        except Exception:
            logger.exception(failure)
            was_due = False
        if not was_due:
            stop.wait(pause)
