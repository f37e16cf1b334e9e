"""What Scrapyd says of its jobs, asked once for all who want to know at the same time."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

State = Literal["pending", "running", "finished"]
States = dict[str, State]

_FRESH_SECONDS = 0.25
"""For which an answer is as good as a new one."""
_GOOD_SECONDS = 1.0
"""For which it will do while another thread asks anew."""


@dataclass(frozen=True, slots=True)
class _Answer:
    asked_at: float
    """By the monotonic clock."""
    states: States | Exception
    since: object
    """What was the latest change of ours when it was asked for."""

    def read(self) -> States:
        """The states. Raises what kept them from being told."""
        if isinstance(self.states, Exception):
            raise self.states
        return self.states


class JobStates:
    """The state of every job, at most a second old, shared by threads."""

    def __init__(self, ask: Callable[[], States]) -> None:
        self._ask = ask
        self._asking = threading.Lock()
        self._change = object()
        self._latest = _Answer(0, {}, None)

    def now(self) -> States:
        """Every job's state by its name. Raises what asking raises."""
        came, latest = time.monotonic(), self._latest
        if self._is_within(_FRESH_SECONDS, latest):
            return latest.read()
        must_wait = not self._is_within(_GOOD_SECONDS, latest)
        if not self._asking.acquire(blocking=must_wait):
            return latest.read()
        try:
            return self._ask_unless_told(came)
        finally:
            self._asking.release()

    def note(self, job: str, state: State) -> None:
        """Add what became of one job without asking for all."""
        if isinstance(self._latest.states, dict):
            self._latest.states.setdefault(job, state)

    def forget(self) -> None:
        """Have whoever comes from now on ask anew; answers that are on their way are too old."""
        self._change = object()

    def _ask_unless_told(self, came: float) -> States:
        # Who held the lock before may have asked meanwhile, in vain too.
        if not self._is_within(max(_FRESH_SECONDS, time.monotonic() - came), self._latest):
            self._latest = self._asked()
        return self._latest.read()

    def _asked(self) -> _Answer:
        began, change = time.monotonic(), self._change
        try:
            return _Answer(began, self._ask(), change)
        except Exception as error:
            # Those who wait for a silent Scrapyd wait together and not one after the other.
            return _Answer(time.monotonic(), error, change)

    def _is_within(self, seconds: float, answer: _Answer) -> bool:
        return answer.since is self._change and time.monotonic() - answer.asked_at < seconds
