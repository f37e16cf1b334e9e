"""Scrapyd's client, with timeouts and an error for each kind of failure."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

from scrapyd_client.pyclient import ScrapydClient
from urllib3 import connection_from_url, make_headers
from urllib3.exceptions import ConnectTimeoutError, HTTPError

from api.scrapyd.job_states import JobStates, State, States
from category_crawler.daemon.address import PROJECT, Console, console

logger = logging.getLogger(__name__)

_ANSWER_SECONDS = 5
_CONNECTIONS = 32
"""Most connections kept open, one for each thread."""
_OPEN: tuple[State, ...] = ("running", "pending")
HIGHEST = 2.0
"""The priority of jobs that somebody waits for at this moment."""
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class ScrapydError(Exception):
    """Base of what can go wrong between the API and Scrapyd."""


class ScrapydAway(ScrapydError):
    """Raised if the connection is refused: Scrapyd received nothing."""

    code = 503


class ScrapydSilent(ScrapydError):
    """Raised after a timeout: Scrapyd may or may not have received the call."""


class ScrapydRefused(ScrapydError):
    """Raised if Scrapyd answers with an error."""

    code = 502


@dataclass(frozen=True, slots=True)
class Slots:
    """Scrapyd's slots: jobs that can run at the same time."""

    slots: int
    working: int
    """Slots that run a job or wait for one."""
    idle_seconds: float
    """How long the slot that has waited longest for a job has done so; 0 if all are busy."""
    trouble: str
    """Why waiting jobs cannot be started; empty if they can."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job that has not ended."""

    name: str
    spider: str
    state: State


class Scrapyd(ScrapydClient):
    """Scrapyd's client for this project's jobs; every call may raise ScrapydError."""

    def __init__(self, given: Console | None = None) -> None:
        address = given or console()
        super().__init__(address.url)
        self.auth = address.username, address.password
        # In place of the client's session, which would use the proxies meant for the shop.
        self._connections = connection_from_url(self.url, maxsize=_CONNECTIONS)
        self._states = JobStates(self._request_states)
        self._places: dict[str, int] = {}

    def run(
        self,
        job: str,
        arguments: Mapping[str, str],
        priority: float = 0.0,
        spider: str = "category",
    ) -> None:
        """Schedule a job under a name of ours; of those that wait, the highest priority runs first.

        Raises ScrapydAway or ScrapydRefused if Scrapyd did not take the job. After a timeout the
        job is looked up later.
        """
        given = [("jobid", job), ("priority", str(priority)), *arguments.items()]
        try:
            self.schedule(PROJECT, spider, given)
        except ScrapydSilent:
            logger.warning("Job %s: no answer from Scrapyd; looked up later", job)
            self.forget_states()
        else:
            self._states.note(job, "pending")

    def states(self) -> States:
        """The state of every job that Scrapyd knows, at most a second old."""
        return self._states.now()

    def queue_position(self, job: str) -> int | None:
        """The job's place in the queue when the states were last requested, 1 for the next to run.

        None if it does not wait, or has only just been scheduled.
        """
        return self._places.get(job)

    def forget_states(self) -> None:
        """Make the next :meth:`states` request them again."""
        self._states.forget()

    def stop(self, job: str, signal: Literal["INT", "KILL"] = "INT") -> bool:
        """Remove a job from the queue or signal its process; whether Scrapyd knew the job."""
        data = {"project": PROJECT, "job": job, "signal": signal}
        previous = self._post("cancel", data=data)["prevstate"]
        self.forget_states()
        return previous is not None

    def kill(self, job: str) -> bool:
        """Kill a job's process; logs and returns False if Scrapyd does not answer."""
        try:
            self.stop(job, "KILL")
        except ScrapydError as error:
            logger.warning("Job %s could not be killed yet: %s", job, error)
            return False
        return True

    def open_jobs(self) -> list[Job]:
        """The jobs that run, then those that wait, the next to run first."""
        answer = self.jobs(PROJECT)
        return [Job(job["id"], job["spider"], state) for state in _OPEN for job in answer[state]]

    def slots(self) -> Slots:
        """The number of slots, of working ones, and what is wrong with the others."""
        answer = self._get("slots")
        return Slots(**{name: answer[name] for name in Slots.__dataclass_fields__})

    def _request_states(self) -> States:
        answer = self.jobs(PROJECT)
        self._places = {job["id"]: place for place, job in enumerate(answer["pending"], 1)}
        order: tuple[State, ...] = ("finished", "pending", "running")
        return {job["id"]: state for state in order for job in answer[state]}

    def _get(self, basename: str, params: Any = None) -> Any:
        return self._call("GET", f"/{basename}.json?{urlencode(params or {})}")

    def _post(self, basename: str, data: Any) -> Any:
        return self._call("POST", f"/{basename}.json", urlencode(data))

    def _call(self, method: str, path: str, form: str | None = None) -> Any:
        headers = make_headers(basic_auth=":".join(self.auth)) | _FORM
        try:
            answer = self._connections.request(
                method, path, body=form, headers=headers, timeout=_ANSWER_SECONDS, retries=False
            )
        except ConnectTimeoutError as error:
            raise ScrapydAway(f"Scrapyd does not answer at {self.url}") from error
        except HTTPError as error:
            raise ScrapydSilent(f"Scrapyd did not answer within {_ANSWER_SECONDS} s") from error
        return _accepted(answer.data)


def _accepted(answer: bytes) -> Any:
    try:
        values = json.loads(answer)
    except ValueError:
        values = {"message": answer.decode(errors="replace")}
    if values.get("status") != "ok":
        raise ScrapydRefused(f"Scrapyd refused: {str(values.get('message'))[:200]}")
    return values
