"""Runs a collection again: at its user's call, or because its schedule says so."""

import logging
from functools import partial

from api.runners.attempts import Attempts, crawl_arguments, job_name, set_stranger_aside
from api.runners.lifecycle import Jobs
from api.scrapyd.job_service import ScrapydError
from api.store.idempotency import Answer, Once
from api.store.records import Runner
from api.store.schedules import Due
from category_crawler.job import CategoryJob

logger = logging.getLogger(__name__)


class NotRepeatable(Exception):
    """Raised if a collection cannot be run again now; its text says why and what to do."""


class StillOpen(NotRepeatable):
    """Raised because the newest run is open."""

    def __init__(self, newest: Runner) -> None:
        super().__init__(
            f"Runner {newest.id} of collection {newest.collection.id} is {newest.stage}: wait "
            "until it has ended"
        )


class WasCancelled(NotRepeatable):
    """Raised because the newest run was cancelled."""

    def __init__(self, newest: Runner) -> None:
        super().__init__(
            f"Collection {newest.collection.id} was cancelled and cannot be run again: schedule "
            "the category anew with add_schedule"
        )
        self.request = newest.collection.request


class OvertakenByAnother(NotRepeatable):
    """Raised because somebody else has started a run at the same moment."""

    def __init__(self, newest: Runner) -> None:
        super().__init__(
            f"Another runner of collection {newest.collection.id} has just been started: result "
            "says how it stands"
        )


class Repeats:
    """Starts a further runner of a collection, which begins from nothing."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._attempts = Attempts(jobs.store, jobs.scrapyd, jobs.settings)

    def rerun(self, newest: Runner, once: Once | None = None) -> Answer:
        """Start a further runner of a user's collection.

        Raises NotRepeatable while its newest one is open, and after a cancel; the errors of
        :meth:`Jobs.start`; and InvalidJob if what was asked is not valid any more. Then nothing is
        recorded.
        """
        return self._jobs.store.keys.do(once, partial(self._rerun, newest, once))

    def start_due(self, newest: Runner, due: Due) -> None:
        """Start the run that is due by a schedule, unless another watcher has settled it.

        Raises SessionMissing, NotEnoughCredits and InvalidJob; then nothing is recorded.
        """
        made = self._add(newest, due=due)
        if made is None:
            return
        try:
            self._attempts.schedule(made)
        except ScrapydError as error:
            # The watcher schedules a job again that Scrapyd does not know.
            logger.warning("Job %s must wait: %s", job_name(made), error)

    def _rerun(self, newest: Runner, once: Once | None) -> Answer:
        newest = self._jobs.refresh(newest)
        _check_ended(newest)
        made = self._add(newest, once=once)
        if made is None:
            raise OvertakenByAnother(newest)
        try:
            self._attempts.schedule(made)
        except ScrapydError:
            self._jobs.store.runners.remove(made.id)
            raise
        return Answer.about(made)

    def _add(
        self, newest: Runner, *, once: Once | None = None, due: Due | None = None
    ) -> Runner | None:
        request = newest.collection.request
        job = CategoryJob.from_arguments(crawl_arguments(request))
        wanted = request.max_products or self._jobs.settings.credit_reserve
        check = partial(self._jobs.check_session, job)
        return self._jobs.store.runners.add_again(
            newest, wanted, check, set_stranger_aside, once=once, due=due
        )


def check_not_cancelled(newest: Runner) -> None:
    """Raise NotRepeatable if a collection, whose newest runner this is, is never run again."""
    if newest.was_cancelled:
        raise WasCancelled(newest)


def _check_ended(newest: Runner) -> None:
    if not newest.has_ended:
        raise StillOpen(newest)
    check_not_cancelled(newest)
