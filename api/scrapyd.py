"""The one door to Scrapyd: its client with time limits, and failures told apart."""

import logging
import threading
from collections.abc import Mapping
from typing import Any, Literal

import requests
from scrapyd_client.exceptions import ErrorResponse, MalformedResponse
from scrapyd_client.pyclient import ScrapydClient, _process_response

from api.job_states import JobStates, State, States
from category_crawler.console import PROJECT, Console, console

logger = logging.getLogger(__name__)

_ANSWER_SECONDS = 5
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


class Scrapyd(ScrapydClient):
    """Scrapyd's client for this project's jobs; every call may raise ScrapydError."""

    def __init__(self, door: Console | None = None) -> None:
        door = door or console()
        super().__init__(door.url, door.username, door.password)
        self._threads = threading.local()
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
        given = [("jobid", job), ("priority", str(_PRIORITIES[priority])), *arguments.items()]
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

    def _ask_states(self) -> States:
        answer = self.jobs(PROJECT)
        order: tuple[State, ...] = ("finished", "pending", "running")
        return {job["id"]: state for state in order for job in answer[state]}

    def _get(self, basename: str, params: Any = None) -> Any:
        return self._call("GET", basename, params=params or {})

    def _post(self, basename: str, data: Any) -> Any:
        return self._call("POST", basename, data=data)

    def _call(self, method: str, basename: str, **content: Any) -> Any:
        url = f"{self.url}/{basename}.json"
        try:
            response = self._session.request(method, url, timeout=_ANSWER_SECONDS, **content)
            return _process_response(response)
        except requests.ReadTimeout as error:
            raise ScrapydSilent(f"Scrapyd did not answer within {_ANSWER_SECONDS} s") from error
        except requests.RequestException as error:
            raise ScrapydAway(f"Scrapyd does not answer at {self.url}") from error
        except (ErrorResponse, MalformedResponse) as error:
            raise ScrapydRefused(f"Scrapyd refused: {str(error)[:200]}") from error

    @property
    def _session(self) -> requests.Session:
        """This thread's connections; proxies of the environment are for the shop, not for us."""
        if not hasattr(self._threads, "session"):
            session = requests.Session()
            session.trust_env = False
            session.auth = self.auth
            self._threads.session = session
        kept: requests.Session = self._threads.session
        return kept
