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


class NotedCancel(Cancel):
    """Writes the note of a job before it cancels the job."""

    def render_POST(self, txrequest: Any) -> Any:  # noqa: N802, Twisted's name
        job = txrequest.args.get(b"job", [b""])[0].decode(errors="replace")
        signal = txrequest.args.get(b"signal", [b"INT"])[0]
        # KILL is sent to a job that hangs, which the next attempt follows.
        if signal == b"INT" and self._is_there(job):
            note_cancelled(job)
        try:
            return super().render_POST(txrequest)
        except ProcessExitedAlready:
            return {"prevstate": None}

    def _is_there(self, job: str) -> bool:
        """Whether the job waits or runs: the note of one that has ended would stay for ever."""
        queues = self.root.poller.queues.values()
        return any(process.job == job for process in self.root.launcher.processes.values()) or any(
            message["_job"] == job for queue in queues for message in queue.list()
        )
