"""The one door to Scrapyd: its client with time limits, and failures told apart."""

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
"""Kept open: one for each thread that may call."""
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_PRIORITIES = {"Highest": 2.0, "High": 1.0, "Normal": 0.0, "Low": -1.0, "Lowest": -2.0}


class ScrapydError(Exception):
    """Base of what can go wrong between the API and Scrapyd."""


class ScrapydAway(ScrapydError):
    """Raised if nobody listens: nothing was received."""

    code = 503


class ScrapydSilent(ScrapydError):
    """Raised if no answer came in time: it may or may not have been received."""


class ScrapydRefused(ScrapydError):
    """Raised if Scrapyd says no."""

    code = 502


@dataclass(frozen=True, slots=True)
class Slots:
    """How many jobs Scrapyd can run at the same time."""

    slots: int
    working: int
    """Those that run a job or wait for one."""
    free: int
    """Those that wait for one."""
    trouble: str
    """What keeps jobs that wait from being started; empty where nothing does."""


class Scrapyd(ScrapydClient):
    """Scrapyd's client for this project's jobs; every call may raise ScrapydError."""

    def __init__(self, door: Console | None = None) -> None:
        door = door or console()
        super().__init__(door.url)
        self.auth = door.username, door.password
        # Not the session of its own: proxies of the environment are for the shop, not for us.
        self._connections = connection_from_url(self.url, maxsize=_CONNECTIONS)
        self._states = JobStates(self._ask_states)

    def run(
        self,
        job: str,
        arguments: Mapping[str, str],
        priority: str = "Normal",
        spider: str = "category",
    ) -> None:
        """Put a job into the queue under a name of ours.

        Raises ScrapydAway or ScrapydRefused where it did not take the job; an answer that never
        comes is looked up later.
        """
        place = _PRIORITIES.get(priority, _PRIORITIES["Normal"])
        given = [("jobid", job), ("priority", str(place)), *arguments.items()]
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

    def forget_states(self) -> None:
        """Have the next :meth:`states` ask anew."""
        self._states.forget()

    def stop(self, job: str, signal: Literal["INT", "KILL"] = "INT") -> bool:
        """Take a job from the queue or signal its process; whether Scrapyd had it."""
        data = {"project": PROJECT, "job": job, "signal": signal}
        previous = self._post("cancel", data=data)["prevstate"]
        self.forget_states()
        return previous is not None

    def kill(self, job: str) -> bool:
        """Kill a job's process; False, and a line in the log, if Scrapyd could not be told."""
        try:
            self.stop(job, "KILL")
        except ScrapydError as error:
            logger.warning("Job %s could not be killed yet: %s", job, error)
            return False
        return True

    def slots(self) -> Slots:
        """How many slots there are, how many work, and what is wrong with the others."""
        answer = self._get("slots")
        return Slots(**{name: answer[name] for name in Slots.__dataclass_fields__})

    def _ask_states(self) -> States:
        answer = self.jobs(PROJECT)
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
