"""Scrapyd's calls ``schedule.json`` and ``cancel.json`` as this project needs them."""

from typing import Any

from scrapyd.webservice import Cancel, Schedule
from twisted.internet import reactor, task
from twisted.internet.error import ProcessExitedAlready

from category_crawler.daemon.cancellation import note_cancelled

_ANSWER_SECONDS = 0.01


class PromptSchedule(Schedule):
    """Has the queue looked at as soon as a job is in it, too, and not only on the timer."""

    def render_POST(self, txrequest: Any) -> Any:  # noqa: N802, Twisted's name
        answer = super().render_POST(txrequest)
        # Starting a process takes long enough to hold the answer up: it goes out first.
        task.deferLater(reactor, _ANSWER_SECONDS, self.root.poller.poll)
        return answer


class GentleCancel(Cancel):
    """Notes whom it cancels, and sends INT once: at a second, Scrapy drops what it is writing."""

    def render_POST(self, txrequest: Any) -> Any:  # noqa: N802, Twisted's name
        job = txrequest.args.get(b"job", [b""])[0].decode(errors="replace")
        if txrequest.args.get(b"signal", [b"INT"])[0] == b"INT":
            note_cancelled(job)
            if self._has_heard(job):
                return {"prevstate": "running"}
        try:
            return super().render_POST(txrequest)
        except ProcessExitedAlready:
            return {"prevstate": None}

    def _has_heard(self, job: str) -> bool:
        """Whether the job's process was sent an INT before; from now on it was."""
        for process in self.root.launcher.processes.values():
            if process.job == job:
                has_heard, process.has_heard = hasattr(process, "has_heard"), True
                return has_heard
        return False
