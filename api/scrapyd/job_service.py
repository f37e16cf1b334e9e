"""Where jobs run, as the API asks for it: one Scrapyd, or the nodes of a cluster."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from category_crawler.run.reader import RunFolder

logger = logging.getLogger(__name__)

State = Literal["pending", "running", "finished"]
States = dict[str, State]

ANSWER_SECONDS = 5.0
"""In which an answer must come."""
FIRST = 3.0
"""The priority of jobs that somebody waits for at this moment: above that of all runs."""


class ScrapydError(Exception):
    """Base of what can go wrong between the API and where jobs run."""


class ScrapydAway(ScrapydError):
    """Raised if the connection is refused: nothing was received."""

    code = 503


class ScrapydSilent(ScrapydError):
    """Raised after a timeout: the call may or may not have been received."""


class ScrapydRefused(ScrapydError):
    """Raised if Scrapyd answers with an error."""

    code = 502


@dataclass(frozen=True, slots=True)
class Slots:
    """Slots: jobs that can run at the same time."""

    slots: int
    working: int
    """Slots that run a job or wait for one."""
    idle_seconds: float
    """How long the slot that has waited longest for a job has done so; 0 if all are busy."""
    waiting: int
    """Jobs that wait."""
    trouble: str
    """Why waiting jobs cannot be started; empty if they can."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job that has not ended."""

    name: str
    spider: str
    state: State


class JobService(Protocol):
    """Runs jobs under names of ours, each name once; every call may raise ScrapydError."""

    def run(
        self, job: str, arguments: Mapping[str, str], priority: float = 0.0, spider: str = ...
    ) -> None:
        """Schedule a job; of those that wait, the highest priority runs first.

        Raises ScrapydAway or ScrapydRefused if the job was not taken. After a timeout the job is
        looked up later.
        """

    def run_again(
        self, job: str, arguments: Mapping[str, str], priority: float, spider: str
    ) -> None:
        """Schedule a job whose name an earlier one had, which has finished."""

    def state(self, job: str) -> State | None:
        """The state of a job; None if it is not known."""

    def states_of(self, jobs: Sequence[str]) -> States:
        """The states of those jobs that are known."""

    def running(self) -> list[str]:
        """The names of the jobs that run."""

    def queue_position(self, job: str) -> int | None:
        """The job's place in the queue, 1 for the next to run; None if it does not wait.

        None also where it is not known yet. Raises nothing.
        """

    def stop(self, job: str, signal: Literal["INT", "KILL"] = "INT") -> bool:
        """Remove a job from the queue or signal its process; whether the job was known."""

    def kill(self, job: str) -> bool:
        """Kill a job's process; logs and returns False if nobody answers."""
        try:
            self.stop(job, "KILL")
        except ScrapydError as error:
            logger.warning("Job %s could not be killed yet: %s", job, error)
            return False
        return True

    def has_orphan(self, job: str, attempt: RunFolder, *, kill: bool) -> bool:
        """Whether a spider of a job that is not known lives on and writes; ``kill`` ends it."""

    def end_orphan(self, job: str, number: int | None) -> None:
        """End a job that is given up, and its process on this machine (PID), if it is known."""

    def open_jobs(self) -> list[Job]:
        """The jobs that run, then those that wait, the next to run first."""

    def slots(self, seconds: float = ANSWER_SECONDS) -> Slots:
        """The number of slots, of working ones, and what is wrong with the others.

        Waits at most so many seconds for an answer, or as long as the engine of a cluster may take.
        """
