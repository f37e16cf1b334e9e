"""Limits of users: how many crawls at once, at which priority, and how many products a day."""

from dataclasses import dataclass, field

from api.priorities import HIGHEST_PRIORITY
from api.store.database import SQLiteFile
from api.store.reading import reader_of
from category_crawler.times import utc_today

NO_LIMIT = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a user may have; a number of 0 is without limit."""

    running: int = NO_LIMIT
    """Runs that have a job at once, waiting or running; further ones are held back."""
    priority: str = HIGHEST_PRIORITY
    """The highest priority that counts."""
    products_a_day: int = NO_LIMIT
    """Products that may be charged in one day of UTC."""


@dataclass(frozen=True, slots=True)
class OwnLimits:
    """What the operator has set for one user; None is what holds for all."""

    running: int | None = None
    priority: str | None = None
    products_a_day: int | None = None

    def over(self, default: Limits) -> Limits:
        """What holds for the user."""
        return Limits(
            default.running if self.running is None else self.running,
            self.priority or default.priority,
            default.products_a_day if self.products_a_day is None else self.products_a_day,
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for all users, unless the operator has set something else for one."""

    limits: Limits = field(default_factory=Limits)
    jobs_in_queue: int = NO_LIMIT
    """Jobs of a user and a priority that wait at once, so that users take turns; 0: no limit."""
    reserve: int = 20_000
    """Products set aside for a run without ``max_products``."""


@dataclass(frozen=True, slots=True)
class Use:
    """What a user has of the service now."""

    running: int
    """Runs that have a job."""
    held: int
    """Runs that are held back."""
    charged_today: int
    """Products charged since 00:00 UTC."""
    set_aside: int
    """Products that are set aside for runs that have a job."""


_AS_OWN = reader_of(OwnLimits)
_AS_USE = reader_of(Use)
HAS_JOB = "(stage IN ('queued', 'scraping') OR is_stopping) AND NOT is_held"
"""Of a runner whose job waits, runs, or is being stopped; as the index has it."""


class UserLimits:
    """Limits in the database."""

    def __init__(self, file: SQLiteFile, default: Limits) -> None:
        self._file = file
        self._default = default

    def own(self, user: int) -> OwnLimits:
        """What the operator has set for a user."""
        query = "SELECT running_limit, priority_ceiling, products_a_day FROM users WHERE id = ?"
        return self._file.one(_AS_OWN, query, (user,)) or OwnLimits()

    def of(self, user: int) -> Limits:
        """What holds for a user."""
        return self.own(user).over(self._default)

    def put(self, user: int, limits: OwnLimits) -> None:
        """Set the limits of a user; runs that have a job keep it."""
        self._file.moved(
            "UPDATE users SET running_limit = ?, priority_ceiling = ?, products_a_day = ? "
            "WHERE id = ? RETURNING id",
            (limits.running, limits.priority, limits.products_a_day, user),
        )

    def use(self, user: int) -> Use:
        """What a user has of the service now."""
        found = self._file.one(
            _AS_USE,
            f"SELECT (SELECT count(*) FROM runners WHERE owner = ?1 AND {HAS_JOB}), "
            "(SELECT count(*) FROM runners WHERE owner = ?1 AND is_held), "
            "iif(charged_on = ?2, charged_today, 0), "
            "(SELECT coalesce(sum(reserved - charged), 0) FROM runners "
            f"WHERE owner = ?1 AND {HAS_JOB}) "
            "FROM users WHERE id = ?1",
            (user, utc_today()),
        )
        return found or Use(0, 0, 0, 0)
