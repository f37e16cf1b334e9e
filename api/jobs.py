"""The rules of a runner's life: how it starts, what became of it, how it is cancelled.

Scrapyd says which jobs wait and run, but ``finished`` of good, crashed and killed ones alike; so
the run's own files decide how it ended. A job that Scrapyd does not know:

* and whose run is being written (the lock is held) lives on under a Scrapyd that died: scraping;
* that has not been missing for ``lost_after`` seconds may be on its way: as it was;
* that had been running has ``crashed``;
* that never was is ``lost``: taken off the queue on the console, or gone with the queue.
"""

import json
import logging
from typing import Any

from api.config import Settings
from api.schemas import AddSchedule
from api.scrapyd import Scrapyd, ScrapydError, ScrapydSilent, State
from api.sessions import Sessions
from api.store import Row, Store
from category_crawler.errors import LocationLost
from category_crawler.home import results_folder
from category_crawler.run import seconds_since, utc_now
from category_crawler.run_folder import RunFolder

logger = logging.getLogger(__name__)

CANCELLED = "Cancelled by user"


class Jobs:
    """Runners in the store, their jobs at Scrapyd and their runs on disk, kept in agreement."""

    def __init__(
        self, store: Store, scrapyd: Scrapyd, settings: Settings, sessions: Sessions
    ) -> None:
        self.sessions = sessions
        self.store = store
        self.scrapyd = scrapyd
        self.settings = settings

    def start(self, user: int, request: AddSchedule, warnings: list[str]) -> Row:
        """Record a collection and have its job run; the new runner is returned.

        Raises SessionMissing without a delivery session, NotEnoughCredits without a credit, and
        ScrapydError where Scrapyd did not take the job; then nothing is recorded.
        """
        self._check_session(request)
        name = request.name or f"amazon_category_{request.amazon_node_id}"
        stored = request.model_dump(mode="json", exclude_none=True)
        wanted = request.max_products or self.settings.credit_reserve
        runner = self.store.add_collection(user, name, stored, warnings, wanted)
        arguments = request.crawl_arguments | _credit_limit(runner) | {"run": run_name(runner)}
        try:
            self.scrapyd.run(job_name(runner), arguments, request.priority)
        except ScrapydError:
            self.store.remove_collection(runner["collection"])
            raise
        return runner

    def look(self, runner: Row) -> Row:
        """Bring an open runner up to date, and return it as it is now."""
        if runner["stage"] in ("done", "failed"):
            return runner
        try:
            state = self.scrapyd.states().get(job_name(runner))
            asked = True
        except ScrapydError:
            state, asked = None, False
        self._move_on(runner, state, asked=asked)
        return self.store.runner(runner["id"]) or runner

    def cancel(self, runner: Row) -> bool:
        """End a runner at once; whether its job was found and is being stopped."""
        runner = self.look(runner)
        ended = self.store.end(
            runner["id"],
            "failed",
            failed_reason="cancelled",
            failed_message=CANCELLED,
            asin_count=folder_of(runner).kept,
            stopping="asked",
        )
        return ended and self._interrupt(runner)

    def reap(self, runner: Row) -> None:
        """See a cancelled job out: one INT, and after the grace time KILL."""
        try:
            state = self.scrapyd.states().get(job_name(runner))
        except ScrapydError:
            return
        if state in ("pending", "running") and runner["stopping"] == "asked":
            self._interrupt(runner)
        elif state == "running" and runner["stopping"] == "interrupted":
            self._kill_after_grace(runner)
        elif state not in ("pending", "running") and not folder_of(runner).is_held:
            self.store.see_out(runner["id"], runner["stopping"], folder_of(runner).kept)

    def _check_session(self, request: AddSchedule) -> None:
        postcode = request.marketplace.postcode(request.postcode)
        assert postcode is not None
        self.sessions.check(request.marketplace, postcode)

    def _move_on(self, runner: Row, state: State | None, *, asked: bool) -> None:
        folder = folder_of(runner)
        summary = folder.summary
        if summary is not None:
            self._end(runner, summary)
        elif state == "finished":
            self._crash(runner, folder)
        elif state == "running" or folder.is_held:
            self._begin(runner, folder)
        elif state is None and asked:
            self._miss(runner, folder)

    def _begin(self, runner: Row, folder: RunFolder) -> None:
        self.store.start(runner["id"], folder.progress.get("started_at") or utc_now())
        if runner["missing_since"] is not None:
            self.store.set_missing(runner["id"], None)

    def _end(self, runner: Row, summary: dict[str, Any]) -> None:
        # The stage in between is passed through, so that started_at is there.
        self.store.start(runner["id"], summary["started_at"])
        self.store.end(
            runner["id"],
            summary["stage"],
            asin_count=summary["asin_count"],
            coverage=json.dumps(summary["coverage"]),
            failed_reason=summary["failed_reason"],
            failed_message=summary["failed_message"],
            finished_at=summary["finished_at"],
        )
        if summary["failed_reason"] == LocationLost.reason:
            lost = summary["session"]
            self.sessions.expire(lost["domain"], lost["postcode"], lost["version"])

    def _miss(self, runner: Row, folder: RunFolder) -> None:
        if runner["missing_since"] is None:
            self.store.set_missing(runner["id"], utc_now())
        elif seconds_since(runner["missing_since"]) >= self.settings.lost_after:
            if folder.has_begun or runner["stage"] == "scraping":
                self._crash(runner, folder)
            else:
                self._lose(runner)

    def _crash(self, runner: Row, folder: RunFolder) -> None:
        if folder.summary is not None:
            return
        self.store.end(
            runner["id"],
            "failed",
            failed_reason="crashed",
            failed_message="The spider ended without saying why; its log is in Scrapyd's console",
            asin_count=folder.kept,
        )

    def _lose(self, runner: Row) -> None:
        self.store.end(
            runner["id"],
            "failed",
            failed_reason="lost",
            failed_message="Scrapyd does not know the job: it was taken off its queue before it "
            "began, or its queue was lost; schedule it again",
        )

    def _interrupt(self, runner: Row) -> bool:
        """Send the one INT; the store lets only one process do it."""
        if not self.store.set_stopping(runner["id"], "asked", "interrupted"):
            return False
        try:
            return self.scrapyd.stop(job_name(runner))
        except ScrapydError as error:
            logger.warning("Job %s could not be stopped yet: %s", job_name(runner), error)
            if not isinstance(error, ScrapydSilent):
                self.store.set_stopping(runner["id"], "interrupted", "asked")
            return False

    def _kill_after_grace(self, runner: Row) -> None:
        if seconds_since(runner["finished_at"]) < self.settings.cancel_grace:
            return
        if self.store.set_stopping(runner["id"], "interrupted", "killed"):
            logger.warning("Job %s did not end within its grace time", job_name(runner))
            self.scrapyd.stop(job_name(runner), "KILL")


def _credit_limit(runner: Row) -> dict[str, str]:
    """The argument that ends a spider where its credits do; none without a limit."""
    reserved = runner["reserved"]
    return {} if reserved is None else {"credit_limit": str(reserved)}


def job_name(runner: Row) -> str:
    """The runner's job at Scrapyd: ``r<runner>-<attempt>``."""
    return f"r{runner['id']}-{runner['attempt']}"


def run_name(runner: Row) -> str:
    """The runner's run below ``results/``."""
    return f"{runner['user']}/{runner['collection']}/{runner['id']}"


def folder_of(runner: Row) -> RunFolder:
    """The runner's run on disk."""
    return RunFolder(results_folder() / run_name(runner))
