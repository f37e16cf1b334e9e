"""Scrapyd's client, with timeouts and an error for each kind of failure."""

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import urlencode

from scrapyd_client.pyclient import ScrapydClient
from urllib3 import connection_from_url, make_headers
from urllib3.exceptions import ConnectTimeoutError, HTTPError

from api.scrapyd.job_service import (
    ANSWER_SECONDS,
    Job,
    JobService,
    ScrapydAway,
    ScrapydRefused,
    ScrapydSilent,
    Slots,
    State,
    States,
)
from api.scrapyd.job_states import JobStates
from api.scrapyd.orphan import has_orphan, kill_orphan
from category_crawler.daemon.address import PROJECT, Console, console
from category_crawler.run.reader import RunFolder

logger = logging.getLogger(__name__)

_CONNECTIONS = 32
"""Most connections kept open, one for each thread."""
_OPEN: tuple[State, ...] = ("running", "pending")
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Scrapyd(ScrapydClient, JobService):
    """The jobs of the one Scrapyd of this machine."""

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
        given = [("jobid", job), ("priority", str(priority)), *arguments.items()]
        try:
            self.schedule(PROJECT, spider, given)
        except ScrapydSilent:
            logger.warning("Job %s: no answer from Scrapyd; looked up later", job)
            self.forget_states()
        else:
            self._states.note(job, "pending")

    def run_again(
        self, job: str, arguments: Mapping[str, str], priority: float, spider: str
    ) -> None:
        self.run(job, arguments, priority, spider)
        self.forget_states()

    def states(self) -> States:
        """The state of every job that Scrapyd knows, at most a second old."""
        return self._states.now()

    def forget_states(self) -> None:
        """Make the next :meth:`states` request them again."""
        self._states.forget()

    def state(self, job: str) -> State | None:
        return self.states().get(job)

    def states_of(self, jobs: Sequence[str]) -> States:
        known = self.states()
        return {job: known[job] for job in jobs if job in known}

    def running(self) -> list[str]:
        return [job for job, state in self.states().items() if state == "running"]

    def queue_position(self, job: str) -> int | None:
        return self._places.get(job)

    def stop(self, job: str, signal: Literal["INT", "KILL"] = "INT") -> bool:
        data = {"project": PROJECT, "job": job, "signal": signal}
        previous = self._post("cancel", data=data)["prevstate"]
        self.forget_states()
        return previous is not None

    def has_orphan(self, job: str, attempt: RunFolder, *, kill: bool) -> bool:
        return has_orphan(job, attempt, kill=kill)

    def end_orphan(self, job: str, number: int | None) -> None:
        if number is None:
            self.kill(job)
        else:
            kill_orphan(job, number)

    def open_jobs(self) -> list[Job]:
        answer = self.jobs(PROJECT)
        return [Job(job["id"], job["spider"], state) for state in _OPEN for job in answer[state]]

    def slots(self, seconds: float = ANSWER_SECONDS) -> Slots:
        answer = self._call("GET", "/slots.json", seconds=seconds)
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

    def _call(
        self,
        method: str,
        path: str,
        form: str | None = None,
        seconds: float = ANSWER_SECONDS,
    ) -> Any:
        headers = make_headers(basic_auth=":".join(self.auth)) | _FORM
        try:
            answer = self._connections.request(
                method, path, body=form, headers=headers, timeout=seconds, retries=False
            )
        except ConnectTimeoutError as error:
            raise ScrapydAway(f"Scrapyd does not answer at {self.url}") from error
        except HTTPError as error:
            raise ScrapydSilent(f"Scrapyd did not answer within {seconds:g} s") from error
        return _accepted(answer.data)


def _accepted(answer: bytes) -> Any:
    try:
        values = json.loads(answer)
    except ValueError:
        values = {"message": answer.decode(errors="replace")}
    if values.get("status") != "ok":
        raise ScrapydRefused(f"Scrapyd refused: {str(values.get('message'))[:200]}")
    return values
