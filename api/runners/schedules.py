"""Runs that are due by their schedules: the watcher starts them."""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from time import monotonic

from api.accounts.rate_limit import RateLimit
from api.runners.lifecycle import Jobs
from api.runners.recurrence import InvalidRecurrence, Recurrence
from api.runners.repeats import Repeats
from api.sentences import NO_CREDITS
from api.store import NotEnoughCredits
from api.store.schedules import Due, Schedule
from category_crawler.errors import CrawlError
from category_crawler.times import utc_text

logger = logging.getLogger(__name__)

_MOST = 1000
"""Due runs that are looked at in one round."""
_ROUND_SECONDS = 2.0
"""After so long the watcher looks at what is open again, and then goes on."""
_DISABLED = "The user is disabled: the operator can let them in again"


def _now() -> datetime:
    return datetime.now(UTC)


class DueRuns:
    """Starts runs that are due; each once, whoever else watches."""

    def __init__(self, jobs: Jobs, clock: Callable[[], datetime] = _now) -> None:
        self._jobs = jobs
        self._repeats = Repeats(jobs)
        self._clock = clock
        self._rate_limit = RateLimit(jobs.settings.rate_limit)

    def waiting(self) -> Iterator[Schedule]:
        """Schedules with a run that is due, for one round.

        Those of a user beyond the rate limit stay due. Raises ScrapydError while Scrapyd is away:
        all stay due, and their runs are started when it is back.
        """
        due = self._jobs.store.schedules.due(utc_text(self._clock()), _MOST)
        if due:
            self._jobs.scrapyd.running()
        until = monotonic() + _ROUND_SECONDS
        for schedule in due:
            if monotonic() > until:
                return
            if not self._rate_limit.take(f"user {schedule.user}"):
                yield schedule

    def settle(self, schedule: Schedule) -> None:
        """Start the run that is due, or record why it is not; then the schedule goes on.

        However many times have passed since it was due, it is one run.
        """
        try:
            following = Recurrence.read(schedule.recurrence).time_after(self._clock())
        except InvalidRecurrence as error:
            self._fail(Due(schedule, None), "invalid_schedule", str(error))
            return
        due = Due(schedule, following)
        if not self._jobs.store.users.is_active(schedule.user):
            self._fail(due, "user_disabled", _DISABLED)
            return
        try:
            self._start(due)
        except NotEnoughCredits:
            self._fail(due, "no_credits", NO_CREDITS)
        except CrawlError as error:
            self._fail(due, error.reason, str(error))

    def _start(self, due: Due) -> None:
        schedule = due.schedule
        newest = self._jobs.store.runners.newest(schedule.user, schedule.collection)
        if newest is None:
            # The collection has been deleted since the due runs were listed.
            return
        newest = self._jobs.refresh(newest)
        if newest.was_cancelled:
            # The schedule was set while the run was being cancelled, or by an earlier version.
            self._jobs.store.schedules.remove(schedule.collection)
        elif newest.has_ended:
            self._repeats.start_due(newest, due)
        elif self._jobs.store.schedules.skip(due):
            logger.info("Collection %s: runner %s is open", schedule.collection, newest.id)

    def _fail(self, due: Due, reason: str, message: str) -> None:
        if self._jobs.store.schedules.fail(due, reason, message):
            logger.warning("Collection %s: not started: %s", due.schedule.collection, message)
