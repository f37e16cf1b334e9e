"""What went wrong, for the person who meets it: a status code, a sentence, the fields at fault."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from werkzeug.exceptions import HTTPException

from api.delivery_sessions import Conflict
from api.products.comparison import NothingToCompare
from api.products.datasets import NoRows
from api.products.downloads import NotReady
from api.runners.deletion import NotDeletable
from api.runners.previews import RETRY_SECONDS, PreviewNotReady, TooManyPreviews
from api.runners.recurrence import InvalidRecurrence
from api.runners.repeats import NotRepeatable
from api.scrapyd.job_service import ScrapydAway, ScrapydRefused
from api.sentences import DAMAGED, NO_CREDITS, without_paths
from api.store import NotEnoughCredits, StoreError, StoreUnusable, is_damaged
from api.store.idempotency import KeyTaken
from category_crawler.errors import CrawlError
from category_crawler.fault import Fault, WrongFields

logger = logging.getLogger(__name__)

SENTENCES: Mapping[int, str] = MappingProxyType(
    {
        404: "There is nothing at this path; /docs lists what there is",
        405: "This path does not take this method; /docs lists what it takes",
        413: "The body is larger than 64 KiB",
        503: "The database is busy or cannot be written just now; try again in a moment",
        500: "Something went wrong here; it has been logged",
    }
)
_KEY_TAKEN = (
    "The Idempotency-Key has been sent with another call or another body within a day: "
    "send a new key with a new request"
)


class ApiError(Exception):
    """An error for the client: a status code and a sentence that says what to do."""

    def __init__(
        self, code: int, sentence: str, retry_after: int | None = None, field: str = ""
    ) -> None:
        """``retry_after`` is in seconds; ``field`` names the one that is wrong."""
        super().__init__(sentence)
        self.problem = Problem(
            code, sentence, [Fault(field, sentence)] if field else (), retry_after=retry_after
        )


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as an envelope or a page tells it."""

    code: int
    sentence: str
    faults: Sequence[Fault] = ()
    retry_after: int | None = None
    """Seconds."""
    headers: Iterable[tuple[str, str]] = ()
    """Further ones of the answer, such as Allow of 405 and Content-Range of 416."""


def problem_of(error: Exception) -> Problem:
    """What an error means to the client, without the server's paths; logs those of the service."""
    told = next(tell for kind, tell in _TOLD.items() if isinstance(error, kind))(error)
    faults = [Fault(f.field, without_paths(f.message)) for f in told.faults]
    return Problem(told.code, without_paths(told.sentence), faults, told.retry_after, told.headers)


def _not_started(error: ScrapydAway | ScrapydRefused) -> Problem:
    return Problem(error.code, f"{error}. Nothing was scheduled; try again later")


def _database_busy(error: StoreUnusable) -> Problem:
    logger.error("The database could not be used: %s", error)
    return Problem(503, SENTENCES[503])


def _database_error(error: StoreError) -> Problem:
    if not is_damaged(error):
        return _unexpected(error)
    logger.error("The database is damaged: %s", error)
    return Problem(503, DAMAGED)


def _files_unusable(error: OSError) -> Problem:
    logger.error("A file could not be used", exc_info=error)
    return Problem(503, f"A file of the service cannot be used just now ({error.strerror})")


def _http_exception(error: HTTPException) -> Problem:
    code = error.code or 500
    headers = [(n, value) for n, value in error.get_headers() if n != "Content-Type"]
    return Problem(code, SENTENCES.get(code) or str(error.description), headers=headers)


def _unexpected(error: Exception) -> Problem:
    logger.error("Unexpected failure", exc_info=error)
    return Problem(500, SENTENCES[500])


def _conflict(error: Exception) -> Problem:
    return Problem(409, str(error))


def _previews_busy(code: int) -> Callable[[Exception], Problem]:
    def tell(error: Exception) -> Problem:
        said = f"{error}: ask again in {RETRY_SECONDS} s"
        return Problem(code, said, retry_after=RETRY_SECONDS)

    return tell


_TOLD: Mapping[type[Exception], Callable[[Any], Problem]] = {
    ApiError: lambda e: e.problem,
    WrongFields: lambda e: Problem(400, str(e), e.faults),
    CrawlError: lambda e: Problem(400, str(e)),
    NotEnoughCredits: lambda _: Problem(402, NO_CREDITS),
    NotReady: lambda e: Problem(503, str(e), retry_after=e.seconds),
    NoRows: lambda e: Problem(404, str(e)),
    ScrapydAway: _not_started,
    ScrapydRefused: _not_started,
    Conflict: _conflict,
    NotRepeatable: _conflict,
    NothingToCompare: _conflict,
    NotDeletable: _conflict,
    InvalidRecurrence: _conflict,
    PreviewNotReady: _previews_busy(503),
    TooManyPreviews: _previews_busy(429),
    KeyTaken: lambda _: Problem(409, _KEY_TAKEN),
    StoreUnusable: _database_busy,
    StoreError: _database_error,
    OSError: _files_unusable,
    HTTPException: _http_exception,
    Exception: _unexpected,
}
"""The first kind that fits an error tells it: subclasses stand before their bases."""
