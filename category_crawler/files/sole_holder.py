"""A lock that one process holds at a time, and that refuses the next one at once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def held_alone(path: Path, refusal: Callable[[], Exception]) -> Iterator[None]:
    """Hold the lock of a file. Raises what ``refusal`` returns while another process holds it."""
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise refusal() from None
    try:
        yield
    finally:
        lock.release()
