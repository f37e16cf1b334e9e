"""Scrapyd's calls ``schedule.json`` and ``cancel.json``, changed for this project."""

from typing import Any

from scrapyd.webservice import Cancel, Schedule
from twisted.internet import reactor, task
from twisted.internet.error import ProcessExitedAlready

from category_crawler.daemon.cancellation import note_cancelled

_ANSWER_SECONDS = 0.01


class ImmediateSchedule(Schedule):
    """Polls the queue right after adding a job, and does not wait for the timer."""

    def render_POST(self, txrequest: Any) -> Any:  # noqa: N802, Twisted's name
        answer = super().render_POST(txrequest)
        # Starting a process is slow, so the answer is sent first.
        task.deferLater(reactor, _ANSWER_SECONDS, self.root.poller.poll)
        return answer


class CancelOnce(Cancel):
    """Writes the note of the cancelled job, and sends SIGINT only once.

    On a second SIGINT, Scrapy exits at once and loses what it is writing.
    """

    def render_POST(self, txrequest: Any) -> Any:  # noqa: N802, Twisted's name
        job = txrequest.args.get(b"job", [b""])[0].decode(errors="replace")
        if txrequest.args.get(b"signal", [b"INT"])[0] == b"INT":
            note_cancelled(job)
            if self._was_interrupted(job):
                return {"prevstate": "running"}
        try:
            return super().render_POST(txrequest)
        except ProcessExitedAlready:
            return {"prevstate": None}

    def _was_interrupted(self, job: str) -> bool:
        """Whether the job's process already got SIGINT; mark it for the next call."""
        for process in self.root.launcher.processes.values():
            if process.job == job:
                was_interrupted, process.was_interrupted = hasattr(process, "was_interrupted"), True
                return was_interrupted
        return False
