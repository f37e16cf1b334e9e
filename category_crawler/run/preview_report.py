"""A preview's report, which the process that started the job reads; it is removed soon after."""

import json
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field

from category_crawler.errors import CrawlError
from category_crawler.files.atomic_write import write_whole
from category_crawler.files.home import reports_folder
from category_crawler.files.record_file import Record, read_record
from category_crawler.run.records import Count, Moment
from category_crawler.times import utc_now


class PreviewFilter(Record):
    """A filter that was asked for."""

    name: str
    """The field of add_schedule, ``price``, or a term of category_url: ``p_123:110955``."""
    label: str | None = None
    """What the shop calls it; null if its page does not name it."""
    applied: bool | None
    """Whether the page shows it as applied; null if the page proves neither."""


class PreviewProduct(Record):
    """A product of the page."""

    asin: str
    title: str | None
    image_url: str | None
    url: str | None
    price: str | None
    """As displayed."""
    price_cents: Count | None
    currency: str | None
    delivery: str | None
    """The delivery promise as displayed."""


class PreviewReport(Record):
    """What one page of a listing shows of the crawl to come, or why there is none."""

    stage: Literal["done", "failed"]
    failed_reason: str | None = None
    """A code of :mod:`category_crawler.errors`; null if it is done."""
    failed_message: str | None = None
    """Why it failed, in a sentence."""
    problem: str | None = None
    """Why a crawl would fail although the page could be read, in a sentence: a filter that the
    shop does not apply. The total is of the list without it."""
    node_name: str | None = None
    """The category's name, as the shop's rail shows it."""
    location: str | None = None
    """The shop's delivery line."""
    reported_total: Count | None = None
    """Products that the shop reports; null if it reports none."""
    reported_is_rounded: bool = False
    products: list[PreviewProduct] = Field(default_factory=list)
    """The first products of the page, without advertisements."""
    filters: list[PreviewFilter] = Field(default_factory=list)
    """The filters asked for, with those of category_url."""
    requests: Count | None = None
    """An estimate of the requests that a crawl takes; null with a problem."""
    seconds_a_request: Annotated[float, Field(ge=0)] = 0
    """Between two requests to the shop, of all runs together."""
    answer_seconds: Annotated[float, Field(ge=0)] = 0
    """How long the shop took to answer."""
    warnings: list[str] = Field(default_factory=list)
    session_version: str = ""
    """See :func:`category_crawler.delivery.session.session_version`."""
    finished_at: Moment

    @classmethod
    def failed(cls, error: CrawlError, session_version: str = "") -> Self:
        """The report of a preview that an error has ended."""
        return cls(
            stage="failed",
            failed_reason=error.reason,
            failed_message=str(error),
            session_version=session_version,
            finished_at=utc_now(),
        )


def previews_folder() -> Path:
    """Holds the reports, and what else there is of previews."""
    return reports_folder() / "previews"


def write_preview(name: str, report: PreviewReport) -> None:
    """Write the report of the job with this name. Raises OSError."""
    path = report_file(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, [json.dumps(report.model_dump(), ensure_ascii=False, indent=1).encode()])


def read_preview(name: str) -> PreviewReport | None:
    """A job's report; None if it has not written one."""
    return read_record(report_file(name), PreviewReport)


def report_file(name: str) -> Path:
    """Path of the report of the job with this name."""
    return previews_folder() / f"{name}.json"
