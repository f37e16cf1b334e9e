"""A random moment in the life of runs: while their spiders start, or at any of their pages."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

_START = 0.2
"""The time in which spiders start, as a share of the whole run's."""
_START_SECONDS = 1.5
_PAGE_SECONDS = 0.1
_LOOK_EVERY = 0.05


@dataclass(frozen=True, slots=True)
class Moment:
    """So many seconds after so many pages."""

    seconds: float
    pages: int

    @classmethod
    def draw(cls, chance: random.Random, pages: int) -> Self:
        """A moment in a life of so many pages."""
        if chance.random() < _START:
            return cls(chance.uniform(0, _START_SECONDS), 0)
        return cls(chance.uniform(0, _PAGE_SECONDS), chance.randint(1, pages))

    def wait(self, pages: Callable[[], int], is_over: Callable[[], bool]) -> None:
        """Wait for it, by the pages that the shop was asked for, and no longer than the life."""
        while pages() < self.pages and not is_over():
            time.sleep(_LOOK_EVERY)
        time.sleep(self.seconds)
