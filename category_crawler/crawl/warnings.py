"""What the user should know of a crawl although it works, a sentence each."""

from collections.abc import Iterator

from category_crawler.job import CategoryJob
from category_crawler.planning.plan import Plan


def warnings_of(job: CategoryJob, plan: Plan) -> list[str]:
    """The warnings of the job, then what the pages so far have shown."""
    return [
        *job.warnings,
        *_of_spelling(job, plan),
        *_of_currency(job, plan),
        *_of_totals(plan),
        *_of_charset(plan),
    ]


def _of_spelling(job: CategoryJob, plan: Plan) -> Iterator[str]:
    if plan.corrected_query is not None:
        asked, shown = plan.corrected_query
        yield (
            f"{job.domain} took {asked!r} for a misspelling: the list is of {shown!r}; "
            "correct k= in category_url, or take it out"
        )


def _of_currency(job: CategoryJob, plan: Plan) -> Iterator[str]:
    if not plan.foreign:
        return
    seen, own = " and ".join(sorted(plan.foreign)), job.marketplace.currency
    yield (
        f"some prices are in {seen}, not in {own} as usual on {job.domain}: they are kept "
        "as shown, and the category was divided without them"
    )
    if plan.listing.price != (None, None):
        yield (
            f"the price bounds are in {own}: products with a price in {seen} were kept "
            "without a comparison"
        )


def _of_totals(plan: Plan) -> Iterator[str]:
    record = plan.contradiction
    if record is not None and record.totals_differ is not None:
        shown, counted = record.totals_differ
        yield (
            f"page {record.page} of {record.listing} reports {shown} products in its result bar "
            f"and {counted} in its metadata: the larger number is used, and counts as rounded"
        )


def _of_charset(plan: Plan) -> Iterator[str]:
    record = plan.garbled
    if record is not None:
        yield (
            f"page {record.page} of {record.listing} holds bytes that are not in the charset it "
            "declares, also when asked for again: they are shown as \ufffd"
        )
