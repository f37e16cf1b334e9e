"""Turns of users: gives runs that are held back their jobs, and says what they wait for."""

import logging
from dataclasses import dataclass
from random import shuffle

from api.runners.attempts import Attempts, job_name
from api.scrapyd.job_service import ScrapydError
from api.store import Store
from api.store.places import Hold
from api.store.records import Runner

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Waits:
    """What a run waits for that is held back."""

    reason: str
    """A value of :class:`api.store.places.Hold`."""
    message: str
    """The same in a sentence, without a full stop."""


class Turns:
    """Pushes the jobs of runs that were held back.

    The place is recorded before Scrapyd is called. A job that was not pushed then is missed as a
    lost one, and the next attempt follows.
    """

    def __init__(self, store: Store, attempts: Attempts) -> None:
        self._store = store
        self._attempts = attempts

    def give_all(self) -> None:
        """Give all users' runs the places that there are: one each, again and again.

        Nobody is always the first: so those who want the same get the same.
        """
        users = self._store.places.users_waiting()
        while users:
            shuffle(users)
            users = [user for user in users if self._give_one(user)]

    def give(self, user: int) -> None:
        """Give a user's runs the places that there are; the highest priority first."""
        while self._give_one(user):
            pass

    def _give_one(self, user: int) -> bool:
        given = self._store.places.give_next(user)
        if given is None:
            return False
        try:
            self._attempts.schedule(given.runner)
        except ScrapydError as error:
            logger.warning("Job %s must wait: %s", job_name(given.runner), error)
            self._store.places.take_back(given)
            return False
        self._attempts.stop_if_cancelled(given.runner)
        return True

    def waits(self, runner: Runner) -> Waits | None:
        """What a run that is held back waits for; None if it is not."""
        if not runner.is_held:
            return None
        hold = self._store.places.why_held(runner)
        return Waits(hold.value, self._sentence(runner, hold))

    def _sentence(self, runner: Runner, hold: Hold) -> str:
        limits = self._store.limits.of(runner.collection.user)
        if hold is Hold.RUNNING:
            runs = "1 crawl" if limits.running == 1 else f"{limits.running:,} crawls"
            return f"Your limit is {runs} at once: it waits until one of your others has ended"
        if hold is Hold.PRODUCTS:
            products = limits.products_a_day
            return (
                f"Your limit is {products:,} {'product' if products == 1 else 'products'} a day, "
                "and those of today are taken or set aside for your open runs: it waits until one "
                "of these gives some back, or until 00:00 UTC"
            )
        return "Users take turns: it waits until one of your earlier runs has begun"
