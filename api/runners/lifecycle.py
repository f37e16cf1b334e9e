"""A runner's lifecycle: start, refresh, resume and cancel.

Scrapyd says ``finished`` of completed, crashed and killed jobs alike, so the run's own files decide
how a job ended. If a job has finished, or Scrapyd has not known it for ``lost_after`` seconds:

* its attempt has a final summary: the runner ends as the summary says;
* it was cancelled on Scrapyd's console: the runner is cancelled;
* otherwise, and after an interruption, the next attempt follows.
"""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from time import monotonic

from api.config import Settings
from api.delivery_sessions import Sessions
from api.runners.attempts import (
    Attempts,
    attempt_of,
    folder_of,
    job_name,
    place_of,
    remove_earlier_rows,
    set_stranger_aside,
    traffic_of,
)
from api.runners.removal import why_gone
from api.runners.request import AddSchedule
from api.runners.turns import Turns
from api.scrapyd.job_service import JobService, ScrapydError, State
from api.store import Store
from api.store.idempotency import Answer, Once
from api.store.records import Outcome, Runner, StoredRequest
from api.store.stage import Stage
from category_crawler.daemon.cancellation import was_cancelled
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
from category_crawler.job_name import name_of_job, runner_of_job
from category_crawler.run.reader import RunFolder
from category_crawler.run.records import Summary
from category_crawler.run.writer import publish, remove_second_copy
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
        self, store: Store, scrapyd: JobService, settings: Settings, sessions: Sessions
    ) -> None:
        self.sessions = sessions
        self.store = store
        self.scrapyd = scrapyd
        self.settings = settings
        self._attempts = Attempts(store, scrapyd, settings)
        self.turns = Turns(store, self._attempts)
        self._starting_since: dict[str, float] = {}
        """Since when jobs run without having begun their attempts, by the monotonic clock."""
        self._strange_since: dict[str, float] = {}
        """Since when jobs run for nobody, by the monotonic clock."""

    def start(
        self, user: int, request: AddSchedule, warnings: list[str], once: Once | None = None
    ) -> Answer:
        """Record a collection and its first runner, and schedule the runner's job.

        Where its user has no place for one more job, :attr:`turns` schedules it later.

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
        if runner.is_held:
            self.turns.give(runner.collection.user)
            return self.store.runners.get(runner.id) or runner
        try:
            state = self.scrapyd.state(job_name(runner))
            asked = True
        except ScrapydError:
            state, asked = None, False
        if not self._move_on(runner, state, asked=asked):
            return runner
        return self.store.runners.get(runner.id) or runner

    def changing(self) -> Iterator[Runner]:
        """The open runners without those whose jobs are known to wait: thousands may do so."""
        jobs = self.store.runners.open_jobs()
        names = {name_of_job(job.runner, job.attempt): job for job in jobs}
        try:
            states = self.scrapyd.states_of([*names])
        except ScrapydError:
            states = {}
        for name, job in names.items():
            if job.is_waiting and states.get(name) == "pending":
                continue
            if (runner := self.store.runners.get(job.runner)) is not None:
                yield runner

    def end_strangers(self) -> None:
        """End jobs that run for nobody: of runs that have ended, and attempts that were followed.

        An engine that has lost its data does not know that they were given up. A spider that has
        just written its summary gets the time to close.
        """
        try:
            strangers = [job for job in self.scrapyd.running() if self._is_strange(job)]
        except ScrapydError:
            return
        now = monotonic()
        self._strange_since = {job: self._strange_since.get(job, now) for job in strangers}
        for job, first_seen in self._strange_since.items():
            if now - first_seen >= self.settings.cancel_grace + _KILL_AFTER:
                logger.warning("Job %s runs for nobody and is ended", job)
                self.scrapyd.end_orphan(job, None)

    def _is_strange(self, job: str) -> bool:
        """Whether a job is an attempt at a run that is not, or not any more, its present one."""
        named = runner_of_job(job)
        if named is None:
            return False
        runner = self.store.runners.get(named)
        return runner is None or runner.is_over or job_name(runner) != job

    def count_traffic(self, runner: Runner) -> None:
        """Add what a running runner has asked of its shop since it was last counted."""
        progress = folder_of(runner).progress
        if progress is not None:
            own = max(0, progress.products_found - runner.carried)
            self.store.totals.count(runner.id, progress.traffic, own)

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
            traffic=traffic_of(runner),
            is_by_user=True,
        )
        if not self.store.runners.end(runner.id, outcome):
            return False
        now = self.store.runners.get(runner.id) or runner
        if now.is_over:
            # It was held back, so there is no job.
            return True
        # Its next attempt may have been recorded since.
        job = job_name(now)
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
            state = self.scrapyd.state(job)
            if state in ("pending", "running"):
                self._stop(runner)
                return
        except ScrapydError:
            return
        if self.scrapyd.has_orphan(job, attempt_of(runner), kill=self._is_past_grace(runner)):
            return
        folder = folder_of(runner)
        _settle_files(runner)
        self.store.runners.see_out(runner.id, folder.kept, _node_name(folder), traffic_of(runner))

    def _still_wanted(self, runner: Runner) -> int:
        wanted = runner.collection.request.max_products or self.settings.credit_reserve
        return max(1, wanted - folder_of(runner).kept)

    def _move_on(self, runner: Runner, state: State | None, *, asked: bool) -> bool:
        """Update a runner from its job and its attempt; False if nothing changed."""
        if state == "pending":
            # Of thousands that wait, no file is looked at.
            return self._is_found(runner)
        attempt = attempt_of(runner)
        if summary := _final_summary(attempt):
            self._end(runner, summary)
        elif state == "running":
            self._kill_if_hung(runner, attempt)
            return self._begin(runner)
        elif state == "finished":
            self._follow(runner, has_run=True)
        elif asked and self._is_lost(runner):
            self._give_up(runner)
        else:
            return False
        return True

    def _begin(self, runner: Runner) -> bool:
        """Move a runner to scraping; False if nothing changed."""
        is_new = runner.stage is Stage.QUEUED
        if is_new:
            progress = folder_of(runner).progress
            self.store.runners.start(runner.id, progress.started_at if progress else utc_now())
        return self._is_found(runner) or is_new

    def _is_found(self, runner: Runner) -> bool:
        """Clear ``missing_since`` of a job that Scrapyd knows again; whether it was set."""
        if runner.missing_since is None:
            return False
        self.store.runners.set_missing(runner.id, None)
        return True

    def _end(self, runner: Runner, summary: Summary) -> None:
        self._starting_since.pop(job_name(runner), None)
        # Sets started_at, also if the spider was faster than the refresh.
        self.store.runners.start(runner.id, summary.started_at)
        # An attempt that could not start has seen no page, but an earlier one may have.
        folder = folder_of(runner)
        outcome = Outcome(
            Stage(summary.stage),
            asin_count=summary.asin_count if attempt_of(runner).has_begun else folder.kept,
            coverage=summary.coverage_shown,
            failed_reason=summary.failed_reason,
            failed_message=summary.failed_message,
            node_name=summary.node_name or _node_name(folder),
            traffic=traffic_of(runner),
            finished_at=summary.finished_at,
        )
        _settle_files(runner)
        self.store.runners.end(runner.id, outcome)
        if summary.failed_reason == LocationLost.reason and summary.session is not None:
            self.sessions.expire(*place_of(runner), summary.session.version)

    def _give_up(self, runner: Runner) -> None:
        """Follow an attempt that is lost; it must ask and write no more if it lives somewhere."""
        attempt = attempt_of(runner)
        self.scrapyd.has_orphan(job_name(runner), attempt, kill=True)
        self._follow(runner, has_run=attempt.has_begun)

    def _follow(self, runner: Runner, *, has_run: bool) -> None:
        """End or continue a run whose latest attempt is over."""
        self._starting_since.pop(job_name(runner), None)
        attempt = attempt_of(runner)
        # The summary may have been written since it was last read.
        if summary := _final_summary(attempt):
            self._end(runner, summary)
        elif was_cancelled(attempt.path):
            self._fail(runner, Cancelled(CANCELLED))
        elif (trouble := why_not_writable(results_folder())) and may_pass(trouble):
            # The next attempt could not write either. /healthz names the disk.
            return
        elif not self._attempts.again(runner, has_run=has_run):
            times = self.settings.stalled_attempts
            self._fail(runner, Crashed(_CRASHED.format(times=times)))

    def _fail(self, runner: Runner, error: CrawlError) -> None:
        folder = folder_of(runner)
        outcome = Outcome.failed(
            error, folder.kept, node_name=_node_name(folder), traffic=traffic_of(runner)
        )
        _settle_files(runner)
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

    def _kill_if_hung(self, runner: Runner, attempt: RunFolder) -> None:
        # Nearly every poll ends here.
        longest = self.settings.hung_after
        if attempt.has_reported_within(longest):
            return
        job = job_name(runner)
        if attempt.attempt_began_at:
            if attempt.is_quiet(longest):
                logger.warning("Job %s hangs and is killed", job)
                self.scrapyd.kill(job)
        elif monotonic() - self._starting_since.setdefault(job, monotonic()) >= longest:
            logger.warning("Job %s hangs at its start and is killed", job)
            self.scrapyd.kill(job)

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
    if runner.was_cancelled:
        return f"runner {runner.id} was cancelled: schedule the category anew"
    if runner.files_removed_at is not None:
        return f"{why_gone(runner)}: schedule the category anew"
    if not folder_of(runner).has_begun:
        return f"runner {runner.id} has left nothing: schedule the category anew"
    return ""


def _settle_files(runner: Runner) -> None:
    """Show the finished files in the run's own folder, and remove what is kept twice.

    Where that fails, nothing is lost: the rows are read from the attempt's folder.
    """
    folder = folder_of(runner).path
    try:
        publish(folder)
        # A spider killed after its summary leaves both files.
        remove_second_copy(folder)
        remove_earlier_rows(runner)
    except OSError as error:
        logger.error("%s of job %s is left: %s", error.filename, job_name(runner), error.strerror)


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
