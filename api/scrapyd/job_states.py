"""The states of Scrapyd's jobs, cached so that concurrent callers share one request."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from api.scrapyd.job_service import State, States

_FRESH_SECONDS = 0.25
"""Age up to which an answer is used without a new request."""
_GOOD_SECONDS = 1.0
"""Age up to which it is used while another thread makes the request."""


@dataclass(frozen=True, slots=True)
class _Answer:
    requested_at: float
    """By the monotonic clock."""
    states: States | Exception
    since: object
    """Our latest change when the request was made."""

    def read(self) -> States:
        """The states. Raises the error of the request."""
        if isinstance(self.states, Exception):
            raise self.states
        return self.states


class JobStates:
    """The state of every job, at most a second old; safe to share between threads."""

    def __init__(self, request: Callable[[], States]) -> None:
        self._request = request
        self._requesting = threading.Lock()
        self._change = object()
        self._latest = _Answer(0, {}, None)

    def now(self) -> States:
        """Every job's state by its name. Raises the error of the request."""
        came, latest = time.monotonic(), self._latest
        if self._is_within(_FRESH_SECONDS, latest):
            return latest.read()
        must_wait = not self._is_within(_GOOD_SECONDS, latest)
        if not self._requesting.acquire(blocking=must_wait):
            return latest.read()
        try:
            return self._refresh(came)
        finally:
            self._requesting.release()

    def note(self, job: str, state: State) -> None:
        """Add the state of a job without a request."""
        if isinstance(self._latest.states, dict):
            self._latest.states.setdefault(job, state)

    def forget(self) -> None:
        """Make later callers request the states again; a request under way is too old for them."""
        self._change = object()

    def _refresh(self, came: float) -> States:
        # The previous holder of the lock may have made the request, or failed to.
        if not self._is_within(max(_FRESH_SECONDS, time.monotonic() - came), self._latest):
            self._latest = self._requested()
        return self._latest.read()

    def _requested(self) -> _Answer:
        began, change = time.monotonic(), self._change
        try:
            return _Answer(began, self._request(), change)
        except Exception as error:
            # Callers share a timeout instead of waiting one after the other.
            return _Answer(time.monotonic(), error, change)

    def _is_within(self, seconds: float, answer: _Answer) -> bool:
        return answer.since is self._change and time.monotonic() - answer.requested_at < seconds
