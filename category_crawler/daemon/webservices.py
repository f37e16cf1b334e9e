"""Scrapyd's console, and its calls ``schedule.json`` and ``cancel.json``, for this project."""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from scrapyd.webservice import Cancel, Schedule
from scrapyd.website import Root
from twisted.internet import reactor, task
from twisted.internet.error import ProcessExitedAlready
from twisted.web import http
from twisted.web.error import Error
from twisted.web.pages import forbidden
from twisted.web.resource import IResource

from category_crawler.daemon.cancellation import note_cancelled
from category_crawler.job import CategoryJob, FundedJob

_ANSWER_SECONDS = 0.01
_OF_SCRAPYD = frozenset({"project", "spider", "jobid", "priority"})
_ARGUMENTS = {
    "category": frozenset(FundedJob.model_fields) | {"run", "continue_from"},
    "delivery": frozenset({"domain", "postcode", "suburb", "replaces"}),
    "delivery_check": frozenset({"domain", "postcode"}),
    "preview": frozenset(CategoryJob.model_fields),
}
"""The arguments that the API gives to each spider."""
_JOB = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_RUN = re.compile(r"\d+/\d+/\d+(/attempts/\d+)?", re.ASCII)


class Console(Root):
    """Scrapyd's site, which changes nothing at the request of another site.

    A browser that knows the password sends it along whoever makes the request.
    """

    def getChildWithDefault(self, path: bytes, request: Any) -> IResource:  # noqa: N802
        if request.method not in (b"GET", b"HEAD") and _is_foreign(request):
            return forbidden(message="This request comes from another site")
        child: IResource = super().getChildWithDefault(path, request)
        return child


def _is_foreign(request: Any) -> bool:
    """Whether a browser says that another site made the request; other clients say nothing."""
    if (request.getHeader("sec-fetch-site") or "none") not in ("none", "same-origin"):
        return True
    origin = request.getHeader("origin")
    return origin is not None and urlsplit(origin).netloc != request.getHeader("host")


class ImmediateSchedule(Schedule):
    """Takes the jobs that the API sends, and polls the queue right after adding one.

    Settings and other arguments are refused: with them, whoever knows the password could write
    files and run code as the service.
    """

    def render_POST(self, txrequest: Any) -> Any:  # noqa: N802, Twisted's name
        if fault := _fault_in(txrequest.args):
            raise Error(code=http.OK, message=fault.encode())
        answer = super().render_POST(txrequest)
        # Starting a process is slow, so the answer is sent first.
        task.deferLater(reactor, _ANSWER_SECONDS, self.root.poller.poll)
        return answer


def _fault_in(given: dict[bytes, list[bytes]]) -> str:
    """What is wrong with a job's arguments; empty if nothing is."""
    arguments = {
        n.decode(errors="replace"): v[0].decode(errors="replace") for n, v in given.items()
    }
    spider = arguments.get("spider", "")
    allowed = _OF_SCRAPYD | _ARGUMENTS.get(spider, frozenset())
    for name in arguments:
        if name not in allowed:
            return f"the argument {name!r} is not taken for the spider {spider!r}"
    if not _JOB.fullmatch(arguments.get("jobid", "x")):
        return "jobid must be letters, digits, - and _"
    for name in ("run", "continue_from"):
        if not _RUN.fullmatch(arguments.get(name, "1/1/1")):
            return f"{name} must be USER/COLLECTION/RUNNER/attempts/NUMBER"
    return ""


class NotedCancel(Cancel):
    """Writes the note of a job before it cancels the job."""

    def render_POST(self, txrequest: Any) -> Any:  # noqa: N802, Twisted's name
        job = txrequest.args.get(b"job", [b""])[0].decode(errors="replace")
        signal = txrequest.args.get(b"signal", [b"INT"])[0]
        # KILL is sent to a job that hangs, which the next attempt follows.
        if signal == b"INT" and (run := self._run_of(job)):
            note_cancelled(run)
        try:
            return super().render_POST(txrequest)
        except ProcessExitedAlready:
            return {"prevstate": None}

    def _run_of(self, job: str) -> str:
        """The run of a job that waits or runs; empty for any other, and for a job without one."""
        for process in self.root.launcher.processes.values():
            if process.job == job:
                return run_in(process.args)
        messages = (m for queue in self.root.poller.queues.values() for m in queue.list())
        return next((m.get("run", "") for m in messages if m["_job"] == job), "")


def run_in(command: Sequence[str]) -> str:
    """The run that a spider's command line names; empty if it names none."""
    prefix = "run="
    return next((word[len(prefix) :] for word in command if word.startswith(prefix)), "")
