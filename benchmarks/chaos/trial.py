"""A trial and what came of it."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(slots=True)
class Outcome:
    """What was seen in one trial; threads may write it together."""

    times: int = 0
    """How often it was done."""
    failures: list[str] = field(default_factory=list)
    """What did not hold, a sentence each."""
    figures: dict[str, float] = field(default_factory=dict)
    """What was measured, by its name."""
    seconds: float = 0.0
    keep: Path | None = None
    """A folder in which the homes stay; else they are removed."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def held(self) -> bool:
        """Whether nothing failed."""
        return not self.failures

    def did(self) -> None:
        """Note that it was done once more."""
        with self._lock:
            self.times += 1

    def fail(self, sentence: str) -> None:
        """Note what did not hold."""
        with self._lock:
            self.failures.append(sentence)

    def count(self, name: str, number: float = 1) -> None:
        """Add to a figure."""
        with self._lock:
            self.figures[name] = self.figures.get(name, 0) + number

    def highest(self, name: str, number: float) -> None:
        """Keep the highest of a figure."""
        with self._lock:
            number = round(number, 3)
            self.figures[name] = max(self.figures.get(name, number), number)

    def lowest(self, name: str, number: float) -> None:
        """Keep the lowest of a figure."""
        with self._lock:
            number = round(number, 3)
            self.figures[name] = min(self.figures.get(name, number), number)

    @property
    def values(self) -> dict[str, Any]:
        """The outcome as the report has it."""
        return {
            "times": self.times,
            "held": self.held,
            "failures": self.failures,
            "figures": self.figures,
            "seconds": round(self.seconds, 1),
        }


@dataclass(frozen=True, slots=True)
class Trial:
    """Something that is done to the service some times, at moments drawn from a seed."""

    name: str
    deed: str
    must_hold: str
    times: int
    work: Callable[..., None]
    """Takes the outcome to write, the number of times, the chance to draw from."""
    short_times: int
    short: dict[str, Any] = field(default_factory=dict)
    """What else the short form changes."""

    def run(
        self,
        times: int | None = None,
        seed: int = 1,
        *,
        short: bool = False,
        keep: Path | None = None,
    ) -> Outcome:
        """Do it, and never raise: an error of the trial itself is a failure, too."""
        outcome = Outcome(keep=keep)
        count = times or (self.short_times if short else self.times)
        began = time.monotonic()
        try:
            self.work(outcome, count, random.Random(seed), **self.short if short else {})
        except Exception as error:
            outcome.fail(f"The trial broke off: {type(error).__name__}: {error}")
        if outcome.times < count:
            outcome.fail(f"It was done {outcome.times} times, and not {count}")
        outcome.seconds = time.monotonic() - began
        return outcome
