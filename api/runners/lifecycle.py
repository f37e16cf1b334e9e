"""A runner's lifecycle: start, refresh, resume and cancel.

Scrapyd says ``finished`` of completed, crashed and killed jobs alike, so the run's own files decide
how a job ended. If a job has finished, or Scrapyd has not known it for ``lost_after`` seconds:

* its run has a final summary: the runner ends as the summary says;
* its run is locked: the spider still runs under a Scrapyd that has died, so it is scraping;
* it was cancelled on Scrapyd's console: the runner is cancelled;
* otherwise, and after an interruption, the next attempt follows.
"""

import logging
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from time import monotonic

from api.config import Settings
from api.delivery_sessions import Sessions
from api.runners.attempts import Attempts, folder_of, job_name, place_of, set_stranger_aside
from api.runners.removal import why_gone
from api.runners.request import AddSchedule
from api.scrapyd.client import Scrapyd, ScrapydError
from api.scrapyd.job_states import State
from api.scrapyd.orphan import kill_orphan
from api.store import Store
from api.store.idempotency import Answer, Once
from api.store.records import Outcome, Runner, StoredRequest
from api.store.stage import Stage
from category_crawler.daemon.cancellation import forget_cancelled, was_cancelled
from category_crawler.errors import (
    Cancelled,
    Crashed,
    CrawlError,
    Interrupted,
    LocationLost,
    RunError,
)
from category_crawler.files.home import results_folder
from category_crawler.files.trouble import may_pass, why_not_writable
from category_crawler.job import CategoryJob
from category_crawler.run.reader import RunFolder
from category_crawler.run.records import Summary
from category_crawler.run.writer import remove_second_copy
from category_crawler.times import seconds_since, utc_now

logger = logging.getLogger(__name__)

CANCELLED = "Cancelled by user"
_CRASHED = (
    "The spider ended {times} times in a row without saying why and without a further page; its "
    "log is in Scrapyd's console"
)
_KILL_AFTER = 5
"""Seconds beyond the grace time, after which a spider ends itself."""


class Jobs:
    """Keeps runners in the store, their jobs at Scrapyd and their runs on disk consistent."""

    def __init__(
        self, store: Store, scrapyd: Scrapyd, settings: Settings, sessions: Sessions
    ) -> None:
        self.sessions = sessions
        self.store = store
        self.scrapyd = scrapyd
        self.settings = settings
        self._attempts = Attempts(store, scrapyd, settings)
        self._unlocked_since: dict[str, float] = {}
        """Since when jobs run without having locked their runs, by the monotonic clock."""

    def start(
        self, user: int, request: AddSchedule, warnings: list[str], once: Once | None = None
    ) -> Answer:
        """Record a collection and its first runner, and schedule the runner's job.

        Raises SessionMissing without a delivery session, NotEnoughCredits without a credit,
        KeyTaken, and ScrapydError if Scrapyd did not take the job; then nothing is recorded.
        """
        return self.store.keys.do(once, partial(self._start, user, request, warnings, once))

    def _start(
        self, user: int, request: AddSchedule, warnings: list[str], once: Once | None
    ) -> Answer:
        name = request.name or f"amazon_category_{request.amazon_node_id}"
        fields = request.model_dump(mode="json", exclude_none=True, exclude={"schedule"})
        wanted = request.max_products or self.settings.credit_reserve
        check = partial(self.check_session, request)
        plan = request.schedule.plan(datetime.now(UTC)) if request.schedule else None
        runner = self.store.runners.add_collection(
            *(user, name, StoredRequest(fields), warnings, wanted, check, set_stranger_aside),
            once=once,
            plan=plan,
        )
        try:
            self._attempts.schedule(runner)
        except ScrapydError:
            self.store.runners.remove_collection(runner.collection.id)
            raise
        return Answer.about(runner)

    def resume(self, runner: Runner) -> Runner:
        """Continue a failed run with a new runner of the same collection, and return it.

        Raises RunError if the runner cannot be continued, NotEnoughCredits, and ScrapydError if
        Scrapyd did not take the job.
        """
        runner = self.refresh(runner)
        if why_not := why_not_continued(runner):
            raise RunError(why_not)
        made = self.store.runners.add(
            runner, folder_of(runner).kept, self._still_wanted(runner), set_stranger_aside
        )
        if made is None:
            raise RunError(f"runner {runner.id} is not the newest of its collection")
        try:
            self._attempts.schedule(made)
        except ScrapydError:
            self.store.runners.remove(made.id)
            raise
        return made

    def refresh(self, runner: Runner) -> Runner:
        """Bring an open runner up to date, and return it as it is now."""
        if runner.has_ended:
            return runner
        try:
            state = self.scrapyd.states().get(job_name(runner))
            asked = True
        except ScrapydError:
            state, asked = None, False
        if not self._move_on(runner, state, asked=asked):
            return runner
        return self.store.runners.get(runner.id) or runner

    def queue_position(self, runner: Runner) -> int | None:
        """A queued runner's place at Scrapyd, 1 for the next to run; None if it is not known."""
        is_queued = runner.stage is Stage.QUEUED
        return self.scrapyd.queue_position(job_name(runner)) if is_queued else None

    def cancel(self, runner: Runner) -> bool:
        """End a runner at once; whether its job was found and is being stopped.

        :mod:`category_crawler.daemon.cancellation` tells who remembers what of a cancel.
        """
        runner = self.refresh(runner)
        folder = folder_of(runner)
        outcome = Outcome.failed(
            Cancelled(CANCELLED),
            folder.kept,
            is_stopping=True,
            node_name=_node_name(folder),
            is_by_user=True,
        )
        if not self.store.runners.end(runner.id, outcome):
            return False
        # Its next attempt may have been recorded since.
        job = job_name(self.store.runners.get(runner.id) or runner)
        try:
            return self.scrapyd.stop(job)
        except ScrapydError as error:
            logger.warning("Job %s could not be stopped yet: %s", job, error)
            return False

    def check_session(self, job: CategoryJob) -> None:
        """Raise SessionMissing unless the job's delivery session can be used."""
        postcode = job.marketplace.postcode(job.postcode or "")
        assert postcode is not None, "a job of the API has a postcode"
        self.sessions.check(job.marketplace, postcode)

    def finish_cancel(self, runner: Runner) -> None:
        """Stop a cancelled runner's job until it has gone, then charge what it has written."""
        job = job_name(runner)
        try:
            state = self.scrapyd.states().get(job)
            if state in ("pending", "running"):
                self._stop(runner)
                return
        except ScrapydError:
            return
        folder = folder_of(runner)
        if folder.is_locked:
            # Its Scrapyd has died, so nobody else can stop a spider that hangs.
            if self._is_past_grace(runner):
                _kill_writer(runner, folder)
            return
        self.store.runners.see_out(runner.id, folder.kept, _node_name(folder))
        forget_cancelled(job)

    def _still_wanted(self, runner: Runner) -> int:
        wanted = runner.collection.request.max_products or self.settings.credit_reserve
        return max(1, wanted - folder_of(runner).kept)

    def _move_on(self, runner: Runner, state: State | None, *, asked: bool) -> bool:
        """Update a runner from its job and its run; False if nothing changed."""
        folder = folder_of(runner)
        if summary := _final_summary(folder):
            self._end(runner, summary)
        elif state == "running" or folder.is_locked:
            self._kill_if_hung(runner, state, folder)
            return self._begin(runner, folder)
        elif state == "pending":
            return self._is_found(runner)
        elif state == "finished" or (asked and self._is_lost(runner)):
            self._follow(runner, folder)
        else:
            return False
        return True

    def _begin(self, runner: Runner, folder: RunFolder) -> bool:
        """Move a runner to scraping; False if nothing changed."""
        is_new = runner.stage is Stage.QUEUED
        if is_new:
            progress = folder.progress
            self.store.runners.start(runner.id, progress.started_at if progress else utc_now())
        return self._is_found(runner) or is_new

    def _is_found(self, runner: Runner) -> bool:
        """Clear ``missing_since`` of a job that Scrapyd knows again; whether it was set."""
        if runner.missing_since is None:
            return False
        self.store.runners.set_missing(runner.id, None)
        return True

    def _end(self, runner: Runner, summary: Summary) -> None:
        self._unlocked_since.pop(job_name(runner), None)
        # Sets started_at, also if the spider was faster than the refresh.
        self.store.runners.start(runner.id, summary.started_at)
        outcome = Outcome(
            Stage(summary.stage),
            asin_count=summary.asin_count,
            coverage=summary.coverage_shown,
            failed_reason=summary.failed_reason,
            failed_message=summary.failed_message,
            # An attempt that could not start has seen no page, but an earlier one may have.
            node_name=summary.node_name or _node_name(folder_of(runner)),
            finished_at=summary.finished_at,
        )
        # A spider killed after its summary leaves both files; prune removes what cannot be now.
        with suppress(OSError):
            remove_second_copy(folder_of(runner).path)
        self.store.runners.end(runner.id, outcome)
        if summary.failed_reason == LocationLost.reason and summary.session is not None:
            self.sessions.expire(*place_of(runner), summary.session.version)
        forget_cancelled(job_name(runner))

    def _follow(self, runner: Runner, folder: RunFolder) -> None:
        """End or continue a run whose latest attempt is over."""
        self._unlocked_since.pop(job_name(runner), None)
        # The summary may have been written since it was last read.
        if summary := _final_summary(folder):
            self._end(runner, summary)
        elif was_cancelled(job_name(runner)):
            self._fail(runner, folder, Cancelled(CANCELLED))
            forget_cancelled(job_name(runner))
        elif (trouble := why_not_writable(results_folder())) and may_pass(trouble):
            # The next attempt could not write either. /healthz names the disk.
            return
        elif not self._attempts.again(runner):
            times = self.settings.stalled_attempts
            self._fail(runner, folder, Crashed(_CRASHED.format(times=times)))

    def _fail(self, runner: Runner, folder: RunFolder, error: CrawlError) -> None:
        outcome = Outcome.failed(error, folder.kept, node_name=_node_name(folder))
        self.store.runners.end(runner.id, outcome)

    def _is_lost(self, runner: Runner) -> bool:
        """Whether Scrapyd has not known a job for ``lost_after`` seconds."""
        since = runner.missing_since
        # After the clock was set back, the moment may be in the future.
        if since is None or seconds_since(since) < 0:
            self.store.runners.set_missing(runner.id, utc_now())
            return False
        # Times are stored to the second, so up to a second less may have passed.
        return seconds_since(since) > self.settings.lost_after + 1

    def _kill_if_hung(self, runner: Runner, state: State | None, folder: RunFolder) -> None:
        # Nearly every poll ends here: looking at a time is quicker than trying a lock.
        if folder.has_reported_within(self.settings.hung_after):
            return
        job = job_name(runner)
        if not folder.is_locked:
            # Only a spider that is starting has no lock, and that takes a second.
            since = self._unlocked_since.setdefault(job, monotonic())
            if monotonic() - since >= self.settings.hung_after:
                logger.warning("Job %s hangs at its start and is killed", job)
                self.scrapyd.kill(job)
            return
        if not folder.is_quiet(self.settings.hung_after):
            return
        logger.warning("Job %s hangs and is killed", job)
        if state == "running":
            self.scrapyd.kill(job)
        else:
            _kill_writer(runner, folder)

    def _stop(self, runner: Runner) -> None:
        """Stop a cancelled runner's job again: the last signal may not have arrived."""
        is_late = self._is_past_grace(runner)
        if is_late:
            logger.warning("Job %s did not end within its grace time", job_name(runner))
        self.scrapyd.stop(job_name(runner), "KILL" if is_late else "INT")

    def _is_past_grace(self, runner: Runner) -> bool:
        """Whether a cancelled spider should have ended itself by now."""
        ended_at = runner.finished_at
        assert ended_at is not None, "only a runner that has ended is stopped"
        return seconds_since(ended_at) >= self.settings.cancel_grace + _KILL_AFTER


def why_not_continued(runner: Runner) -> str:
    """Why a runner, the newest of its collection, cannot be continued; empty if it can."""
    if runner.stage is not Stage.FAILED:
        return f"runner {runner.id} is {runner.stage}: only failed ones can be continued"
    if runner.failed_reason == Cancelled.reason:
        return f"runner {runner.id} was cancelled: schedule the category anew"
    if runner.files_removed_at is not None:
        return f"{why_gone(runner)}: schedule the category anew"
    if not folder_of(runner).has_begun:
        return f"runner {runner.id} has left nothing: schedule the category anew"
    return ""


def _kill_writer(runner: Runner, folder: RunFolder) -> None:
    """Kill the spider that holds a run's lock and that Scrapyd does not know any more."""
    number = folder.writer
    if number is None:
        logger.error("The spider of job %s is not known: end it by hand", job_name(runner))
        return
    kill_orphan(job_name(runner), number)


def _node_name(folder: RunFolder) -> str | None:
    """The category's name, if a page of the run has shown it."""
    progress = folder.progress
    return progress.node_name if progress else None


def _final_summary(folder: RunFolder) -> Summary | None:
    """The run's summary, unless another attempt must continue the run.

    That is so after an interruption, and if a run is done but its result file is not complete.
    """
    summary = folder.summary
    if summary is None or summary.failed_reason == Interrupted.reason:
        return None
    if summary.stage == "done" and not folder.has_whole_result(summary.asin_count):
        return None
    return summary
