"""Attempts at a run: if a job ends before its run is complete, the next attempt continues it.

Attempts stop after several in a row without progress. An attempt is recorded before Scrapyd is
called, so that its job can be found by name, ``r<runner>-<attempt>``, if no answer came.
"""

import logging
import os
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from api.config import Settings
from api.scrapyd.client import Scrapyd, ScrapydError
from api.store import Store
from api.store.records import Runner, StoredRequest
from api.store.stage import Stage
from category_crawler.domain_config import DOMAINS
from category_crawler.files.home import results_folder
from category_crawler.files.record_file import set_aside
from category_crawler.job import CategoryJob
from category_crawler.run.reader import RunFolder

logger = logging.getLogger(__name__)


class Attempts:
    """Schedules the jobs of runs at Scrapyd."""

    def __init__(self, store: Store, scrapyd: Scrapyd, settings: Settings) -> None:
        self.store = store
        self.scrapyd = scrapyd
        self.settings = settings

    def schedule(self, runner: Runner) -> None:
        """Schedule a runner's attempt. Raises ScrapydError if Scrapyd did not take the job."""
        request = runner.collection.request
        arguments = crawl_arguments(request) | _continued(runner) | {"run": run_name(runner)}
        self.scrapyd.run(job_name(runner), arguments | _credit_limit(runner), request.priority)

    def again(self, runner: Runner) -> bool:
        """Schedule the next attempt; False after too many without progress."""
        folder = folder_of(runner)
        mark = folder.journal_size
        stalled = 0 if mark > runner.mark else runner.stalled + 1
        if stalled >= self.settings.stalled_attempts:
            return False
        following = self.store.runners.next_attempt(runner, mark, stalled)
        if following is not None:
            logger.warning("Job %s ended early: %s follows", job_name(runner), job_name(following))
            self._schedule_next(runner, following)
        return True

    def _schedule_next(self, before: Runner, following: Runner) -> None:
        try:
            self.schedule(following)
        except ScrapydError as error:
            logger.warning("Job %s must wait: %s", job_name(following), error)
            self.store.runners.undo_attempt(before)
            return
        now = self.store.runners.get(following.id)
        if now is not None and now.stage is Stage.FAILED:
            # It was cancelled while its next job was being scheduled.
            self.scrapyd.stop(job_name(following))


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
    return f"r{runner.id}-{runner.attempt}"


def run_name(runner: Runner) -> str:
    """The runner's run below ``results/``."""
    return f"{runner.collection.user}/{runner.collection.id}/{runner.id}"


def folder_of(runner: Runner) -> RunFolder:
    """The runner's run on disk."""
    return _folder(results_folder(), run_name(runner))


def set_stranger_aside(runner: Runner) -> None:
    """Rename a folder that is where a new runner's run will be.

    It is there where ``results/`` outlived the database: numbers begin anew, and the new user must
    not get the rows of another.
    """
    folder = folder_of(runner).path
    if os.path.lexists(folder):
        set_aside(folder, "other")


@lru_cache(maxsize=1024)  # polls every second; building the paths costs more than reading
def _folder(results: Path, name: str) -> RunFolder:
    return RunFolder(results / name)


def _continued(runner: Runner) -> dict[str, str]:
    """The argument that names the run to continue, if any."""
    if runner.earlier is None:
        return {}
    return {"continue_from": run_name(replace(runner, id=runner.earlier))}


def _credit_limit(runner: Runner) -> dict[str, str]:
    """The argument that limits a spider to its user's credits, if they are limited."""
    if runner.reserved is None:
        return {}
    return {"credit_limit": str(runner.carried + runner.reserved)}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
