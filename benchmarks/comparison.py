"""Two ways to do the same work, timed in turns: what is kept is the ratio of the two."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a ratio, and what it should be."""

    what: str
    against: str
    ratio: float
    target: float
    at_most: bool
    """Whether the target is the most the ratio may be, or the least."""

    @property
    def reached(self) -> bool:
        """Whether the target is met."""
        return self.ratio <= self.target if self.at_most else self.ratio >= self.target


def ratio(first: Callable[[], Any], second: Callable[[], Any], rounds: int) -> float:
    """How many times as long ``first`` takes as ``second``: the median of the rounds' ratios.

    In each round both run, one right after the other, so that what else the machine does weighs on
    both. Freeing what they return counts with them.
    """
    first(), second()
    with _no_collection():
        return median(_seconds(first) / _seconds(second) for _ in range(rounds))


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    seconds = time.perf_counter() - start
    gc.collect()
    return seconds


@contextmanager
def _no_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
