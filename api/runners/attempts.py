"""Attempts at a run: if a job ends before its run is complete, the next attempt continues it.

Each has a folder of its own, see :mod:`category_crawler.run.attempt_folder`.

Attempts stop after several in a row without progress. An attempt is recorded before Scrapyd is
called, so that its job can be found by name, ``r<runner>-<attempt>``, if no answer came.
"""

import logging
import os
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from api.config import Settings
from api.scrapyd.job_service import JobService, ScrapydError
from api.store import Store
from api.store.records import Runner, StoredRequest
from api.store.stage import Stage
from category_crawler.domain_config import DOMAINS
from category_crawler.files.home import results_folder
from category_crawler.files.record_file import set_aside
from category_crawler.job import CategoryJob
from category_crawler.job_name import name_of_job
from category_crawler.run.attempt_folder import attempt_name, attempts_in
from category_crawler.run.reader import RunFolder
from category_crawler.run.records import Traffic
from category_crawler.run.writer import remove_rows

logger = logging.getLogger(__name__)

_FOLLOW_UP = 0.5


class Attempts:
    """Schedules the jobs of runs at Scrapyd."""

    def __init__(self, store: Store, scrapyd: JobService, settings: Settings) -> None:
        self.store = store
        self.scrapyd = scrapyd
        self.settings = settings

    def schedule(self, runner: Runner) -> None:
        """Schedule a runner's attempt, unless it is held back: then :mod:`.turns` does later.

        Raises ScrapydError if Scrapyd did not take the job.
        """
        if runner.is_held:
            return
        request = runner.collection.request
        own = {"run": attempt_name(run_name(runner), runner.attempt)}
        arguments = crawl_arguments(request) | self._continued(runner) | _credit_limit(runner) | own
        self.scrapyd.run(job_name(runner), arguments, _priority(runner))

    def again(self, runner: Runner, *, has_run: bool) -> bool:
        """Schedule the next attempt; False after too many without progress.

        ``has_run``: whether a spider of the last attempt was ever started. A job that was lost
        while it waited says nothing about its spider, however often that happens.
        """
        mark = folder_of(runner).journal_size
        stalled = 0 if mark > runner.mark else runner.stalled + has_run
        if stalled >= self.settings.stalled_attempts:
            return False
        following = self.store.runners.next_attempt(runner, mark, stalled)
        if following is not None:
            logger.warning("Job %s ended early: %s follows", job_name(runner), job_name(following))
            self._schedule_next(runner, following)
        return True

    def _continued(self, runner: Runner) -> dict[str, str]:
        """The argument that names what to continue, if any: the last attempt, or another runner.

        An attempt that has not begun has nothing to continue.
        """
        before = folder_of(replace(runner, attempt=runner.attempt - 1))
        if runner.attempt > 1 and before.has_begun:
            return {"continue_from": _below_results(before)}
        earlier = runner.earlier and self.store.runners.get(runner.earlier)
        return {"continue_from": _below_results(folder_of(earlier))} if earlier else {}

    def _schedule_next(self, before: Runner, following: Runner) -> None:
        try:
            self.schedule(following)
        except ScrapydError as error:
            logger.warning("Job %s must wait: %s", job_name(following), error)
            self.store.runners.undo_attempt(before)
            return
        self.stop_if_cancelled(following)

    def stop_if_cancelled(self, runner: Runner) -> None:
        """Stop the job of a runner that was cancelled while it was being scheduled."""
        now = self.store.runners.get(runner.id)
        if now is not None and now.stage is Stage.FAILED:
            self.scrapyd.stop(job_name(runner))


def crawl_arguments(request: StoredRequest) -> dict[str, str]:
    """The spider's arguments of a stored request, as text; none of them is a secret.

    The spider validates them again: a request that an older version stored may no longer be valid,
    and then its run fails.
    """
    given = {name: request.fields.get(name) for name in CategoryJob.model_fields}
    return {name: _text(value) for name, value in given.items() if value is not None}


def place_of(runner: Runner) -> tuple[str, str]:
    """Domain and postcode of the runner's delivery session."""
    request = runner.collection.request
    return request.domain, DOMAINS[request.domain].postcode(request.postcode) or request.postcode


def job_name(runner: Runner) -> str:
    """The runner's job at Scrapyd: ``r<runner>-<attempt>``."""
    return name_of_job(runner.id, runner.attempt)


def run_name(runner: Runner) -> str:
    """The runner's run below ``results/``."""
    return f"{runner.collection.user}/{runner.collection.id}/{runner.id}"


def run_folder(runner: Runner) -> Path:
    """The folder that holds everything of a runner: its attempts, and its files once it is done."""
    return results_folder() / run_name(runner)


def folder_of(runner: Runner) -> RunFolder:
    """What is there of a runner's run: the folder of its newest attempt that has begun.

    While the next attempt waits, what the last one has finished is still the run's.
    """
    for number in range(runner.attempt, 0, -1):
        folder = _folder(results_folder(), attempt_name(run_name(runner), number))
        if folder.has_begun:
            return folder
    return _before_attempts(runner) or attempt_of(runner)


def traffic_of(runner: Runner) -> Traffic:
    """What a runner has asked of its shop, as its newest attempt that has told says."""
    for number in range(runner.attempt, 0, -1):
        folder = _folder(results_folder(), attempt_name(run_name(runner), number))
        if progress := folder.progress:
            return progress.traffic
    return Traffic()


def attempt_of(runner: Runner) -> RunFolder:
    """The folder of a runner's present attempt, whose summary alone says how the run has ended."""
    own = _folder(results_folder(), attempt_name(run_name(runner), runner.attempt))
    return own if own.path.exists() else _before_attempts(runner) or own


def attempt_folders(runner: Runner) -> list[Path]:
    """Where the attempts at a runner's run are, those that the runner knows of."""
    names = (attempt_name(run_name(runner), number) for number in range(1, runner.attempt + 1))
    return [results_folder() / name for name in names]


def remove_earlier_rows(runner: Runner) -> None:
    """Remove the rows of those attempts that the newest one has a copy of. Raises OSError."""
    newest = folder_of(runner).path
    for path in attempts_in(run_folder(runner)).glob("*"):
        if path != newest:
            remove_rows(path)


def _before_attempts(runner: Runner) -> RunFolder | None:
    """The run's own folder, if an earlier version wrote the run there."""
    own = _folder(results_folder(), run_name(runner))
    return own if own.has_begun and not attempts_in(own.path).exists() else None


def set_stranger_aside(runner: Runner) -> None:
    """Rename a folder that is where a new runner's run will be.

    It is there where ``results/`` outlived the database: numbers begin anew, and the new user must
    not get the rows of another.
    """
    folder = run_folder(runner)
    if os.path.lexists(folder):
        set_aside(folder, "other")


@lru_cache(maxsize=1024)  # polls every second; building the paths costs more than reading
def _folder(results: Path, name: str) -> RunFolder:
    return RunFolder(results / name)


def _below_results(folder: RunFolder) -> str:
    return folder.path.relative_to(results_folder()).as_posix()


def _priority(runner: Runner) -> float:
    """Where the attempt's job goes into the queue; the highest number runs first.

    A follow-up attempt comes before the backlog of its priority, and never reaches the next.
    """
    return runner.priority + _FOLLOW_UP * (runner.attempt > 1)


def _credit_limit(runner: Runner) -> dict[str, str]:
    """The arguments that limit a spider to what is set aside for it, if that is limited."""
    if runner.reserved is None:
        return {}
    limited_by = {"limited_by": "products_a_day"} if runner.is_limited_by_day else {}
    return {"credit_limit": str(runner.carried + runner.reserved)} | limited_by


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
