"""A run's progress and summary, which the crawler writes and the API reads."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, ValidationError, model_validator

from category_crawler.files.record_file import Record
from category_crawler.pages.kind import Kind

Count = Annotated[int, Field(ge=0, lt=10**12)]


def _real_moment(text: str) -> str:
    datetime.fromisoformat(text)
    return text


Moment = Annotated[
    str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"), AfterValidator(_real_moment)
]
"""UTC, ISO 8601 to the second with ``Z``."""


@dataclass(frozen=True, slots=True)
class AuditResult:
    """What an audit of a finished plan showed."""

    pages: Count
    seen: Count
    """Number of different products on its pages, without advertisements."""
    known: Count
    """Number of them that the plan had found."""
    at_least: float | None
    """Share of all products that was found, at least (95 %); None if it saw no product."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How complete a run's list is."""

    reported_total: Count | None
    """Number of products that the site reports for the whole listing."""
    reported_is_rounded: bool
    found: Count
    found_without_price: Count
    slices: Count
    """Number of listings that the category was divided into; 1 if it was not divided."""
    slices_capped: Count
    """Number of slices that the site did not serve completely and that could not be divided."""
    requests: Count
    outliers: Count
    complete: bool | None
    """True: every product was found. False: some are missing. None: not known."""
    why: str
    """One sentence."""
    audit: AuditResult | None = None
    """None before the plan is over, for a small run, and if the audit is switched off."""


class NoCoverage(Record):
    """The coverage of a run that could not start or resume."""

    model_config = ConfigDict(extra="forbid")

    complete: Literal[False] = False
    why: str


class Traffic(Record):
    """What a run has asked of its shop, all its attempts together.

    What was asked by a run that it continues is not part of it.
    """

    pages: Count = 0
    """Finished pages."""
    requests: Count = 0
    """Requests for pages, unanswered ones included."""
    retries: Count = 0
    """Those of them that ask for a page again."""
    blocks: dict[Kind, Count] = Field(default_factory=dict)
    """Answers that were a block or error page, by its kind."""

    def plus(self, other: "Traffic") -> "Traffic":
        """The sum of two."""
        return Traffic(
            pages=self.pages + other.pages,
            requests=self.requests + other.requests,
            retries=self.retries + other.retries,
            blocks=dict(Counter(self.blocks) + Counter(other.blocks)),
        )


class Pause(Record):
    """A wait before the next request."""

    seconds: Annotated[float, Field(ge=0)]
    reason: str
    since: Moment


class Progress(Record):
    """How far a run has come."""

    current_page: Count
    current_listing: str | None
    total_pages: Count | None
    total_pages_is_estimate: bool
    products_found: Count
    pages_finished: Count
    coverage: Coverage
    warnings: list[str] = Field(default_factory=list)
    """What the user should know although the run works."""
    node_name: str | None = None
    """The requested node's name, as the shop's rail shows it; None before a page has shown it."""
    traffic: Traffic = Field(default_factory=Traffic)
    started_at: Moment
    updated_at: Moment
    seconds_left: Annotated[float, Field(ge=0)] | None = None
    """An estimate, when this was written; None before it can be made."""
    pause: Pause | None = None

    def waiting(self, pause: Pause | None) -> Self:
        """The same progress with this pause, if there is one."""
        return self if pause is None else self.model_copy(update={"pause": pause})

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Read JSON; None if it is not of this version."""
        try:
            return cls.model_validate_json(text)
        except ValidationError:
            return None

    def shown(self) -> dict[str, Any]:
        """The JSON for clients; ``pause`` is present only while the run waits."""
        return self.model_dump(exclude_unset=True)


class SessionUsed(Record):
    """The delivery session that a run used."""

    domain: str
    postcode: str
    version: str
    """See :func:`category_crawler.delivery.session.session_version`."""


class Summary(Record):
    """How a run ended."""

    stage: Literal["done", "failed"]
    failed_reason: str | None
    """A code of :mod:`category_crawler.errors`; None if the run is done."""
    failed_message: str | None
    signal: str | None = None
    """Name of the signal that stopped it, such as ``SIGTERM``."""
    asin_count: Count
    coverage: Annotated[Coverage | NoCoverage, Field(union_mode="left_to_right")]
    warnings: list[str] = Field(default_factory=list)
    session: SessionUsed | None = None
    node_name: str | None = None
    """As in :class:`Progress`."""
    started_at: Moment
    finished_at: Moment

    @model_validator(mode="after")
    def _tell_why(self) -> Self:
        has_failed = (self.failed_reason is not None, self.failed_message is not None)
        if has_failed != (self.stage == "failed",) * 2:
            raise ValueError(f"{self.stage} does not go with failed_reason {self.failed_reason!r}")
        return self

    @property
    def coverage_shown(self) -> dict[str, Any]:
        """The coverage as JSON for clients."""
        coverage: dict[str, Any] = self.model_dump(include={"coverage"})["coverage"]
        return coverage
