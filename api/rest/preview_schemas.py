"""What clients get of a preview, as models."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from api.runners.previews import Preview
from category_crawler.run.preview_report import PreviewFilter, PreviewProduct


class PreviewShown(BaseModel):
    """What a crawl would be like, as one page of the listing shows it."""

    stage: Literal["done", "failed"]
    failed_reason: str | None = Field(description="As of a run, such as `blocked`")
    failed_message: str | None = Field(description="The reason in a sentence")
    problem: str | None = Field(
        description="Why a crawl would fail although the page could be read: a filter that the "
        "shop does not apply. The total is then of the list without it"
    )
    node_name: str | None = Field(description="The category's name, as the shop's rail shows it")
    location: str | None = Field(description="The shop's delivery line")
    reported_total: int | None = Field(description="Products that the shop reports")
    reported_is_rounded: bool = Field(description="Whether there may be more")
    products: list[PreviewProduct] = Field(description="The first eight, without advertisements")
    filters: list[PreviewFilter] = Field(
        description="Each that was asked for. `applied`: whether the page shows it as applied; "
        "null if the page proves neither"
    )
    expected_requests: int | None = Field(description="An estimate; null with a `problem`")
    expected_seconds: float | None = Field(
        description="An estimate at the present pace, which the runs of one shop share; without "
        "the wait for a slot"
    )
    runs_at_the_shop: int = Field(description="Runs that crawl this shop now")
    credits: int | None = Field(
        description="Credits that it would take, one for each product; null if not known"
    )
    spendable: int | None = Field(description="Credits that you can spend; null is without limit")
    warnings: list[str] = Field(description="As of add_schedule, and what the page shows")
    made_at: str = Field(description="When the page was read; UTC, ISO 8601 with Z")


def preview_shown(preview: Preview) -> dict[str, Any]:
    """A preview as :class:`PreviewShown`."""
    report = preview.report.model_dump()
    seconds = preview.seconds
    return {name: report[name] for name in PreviewShown.model_fields if name in report} | {
        "expected_requests": preview.report.requests,
        "expected_seconds": None if seconds is None else round(seconds, 1),
        "runs_at_the_shop": preview.runs,
        "credits": preview.credits,
        "spendable": preview.spendable,
        "warnings": preview.warnings,
        "made_at": preview.report.finished_at,
    }
