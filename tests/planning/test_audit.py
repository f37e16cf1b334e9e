"""The audit: what it requests, what it proves, and that a plan goes on where it was wrong."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from category_crawler.job import CategoryJob
from category_crawler.listing_url import ListingURL
from category_crawler.planning.audit import lower_bound, pages_of_audit
from category_crawler.planning.plan import Limits, Plan
from category_crawler.run.journal import PageRecord
from tests.paper_shop import PaperShop
from tests.records import LISTING
from tests.storefront import Catalogue, Switches

Change = Callable[[Plan, ListingURL, PageRecord], PageRecord]


def as_it_is(_plan: Plan, _listing: ListingURL, record: PageRecord) -> PageRecord:
    return record


def losing(asins: set[str]) -> Change:
    """A change that hides products from the plan, and shows them to its audit."""

    def change(plan: Plan, listing: ListingURL, record: PageRecord) -> PageRecord:
        audit = plan._audit
        if audit is not None and audit.knows(str(listing.with_page(1))):
            return record
        kept = [index for index, asin in enumerate(record.asins) if asin not in asins]
        return replace(
            record,
            asins=tuple(record.asins[index] for index in kept),
            prices=tuple(record.prices[index] for index in kept),
        )

    return change


def crawled(
    size: int, change: Change = as_it_is, *, pages: int = 10, most: int = 2_000, **switches: Any
) -> tuple[Plan, PaperShop, list[ListingURL]]:
    """A plan at its end, the shop, and what was requested of it."""
    shop = PaperShop(Catalogue(size, without_price=0.0), Switches(**switches))
    job = CategoryJob.from_arguments({"category_url": LISTING})
    plan = Plan(job, (), Limits(audit_pages=pages))
    requested: list[ListingURL] = []
    while (listing := next(plan.wanted, None)) is not None:
        requested.append(listing)
        plan.add(change(plan, listing, shop.answer(listing)))
        assert shop.requests <= most, "the plan does not end"
    return plan, shop, requested


def coverage_of(plan: Plan, found: int) -> Any:
    return plan.coverage(found, 0)


@pytest.mark.parametrize(
    ("finished", "pages"), [(1, 0), (4, 0), (5, 1), (18, 2), (90, 10), (9_000, 10)]
)
def test_it_takes_at_most_a_tenth_of_the_pages(finished: int, pages: int) -> None:
    assert pages_of_audit(10, finished) == pages
    assert pages_of_audit(0, finished) == 0


@pytest.mark.parametrize(
    ("known", "seen", "bound"), [(10, 10, 0.7225), (240, 240, 0.9842), (90, 100, 0.8256), (0, 5, 0)]
)
def test_the_bound_is_the_wilson_interval(known: int, seen: int, bound: float) -> None:
    assert lower_bound(known, seen) == pytest.approx(bound, abs=0.0001)


def test_a_whole_category_is_confirmed_elsewhere_than_the_plan_looked() -> None:
    plan, shop, requested = crawled(2_000, cap=306)
    coverage = coverage_of(plan, len(shop.found))
    assert coverage.complete is True
    audit = coverage.audit
    assert (audit.pages, audit.known) == (10, audit.seen)
    assert audit.seen > 100
    assert 0.95 < audit.at_least < 1
    audited = requested[-10:]
    assert len({str(page) for page in audited}) == 10
    assert all(page.sort for page in audited)
    assert not {str(page) for page in audited} & {str(page) for page in requested[:-10]}


def test_a_plan_that_it_confirms_ends_there() -> None:
    plan, shop, requested = crawled(240)
    assert len(requested) == 11
    assert coverage_of(plan, len(shop.found)).audit.pages == 1


def test_it_can_be_switched_off_and_leaves_small_categories_alone() -> None:
    for size, pages in ((2_000, 0), (60, 10)):
        plan, shop, requested = crawled(size, pages=pages, cap=306)
        assert coverage_of(plan, len(shop.found)).audit is None
        assert not any(page.sort for page in requested)


def test_a_shop_that_caps_its_own_count_is_found_out() -> None:
    """It says that the 240 products it serves of a listing are all; there are 2,000."""

    def capped(_plan: Plan, _listing: ListingURL, record: PageRecord) -> PageRecord:
        return replace(record, total=min(record.total or 0, 240))

    plan, shop, requested = crawled(2_000, capped, cap=240)
    coverage = coverage_of(plan, len(shop.found))
    assert coverage.complete is False
    assert "the audit found" in coverage.why
    assert coverage.audit.known < coverage.audit.seen
    assert len(plan._partition.root.asins) >= 1_940, "the plan goes on"
    assert len(requested) < 250


def test_products_that_the_plan_missed_make_the_list_incomplete_and_are_kept() -> None:
    hidden = {item.asin for item in Catalogue(2_000, without_price=0.0).items[::10]}
    plan, _, requested = crawled(2_000, losing(hidden), cap=306)
    coverage = coverage_of(plan, 1_800)
    assert coverage.complete is False
    assert coverage.audit.known < coverage.audit.seen
    assert coverage.audit.at_least < 0.97
    assert all(plan.keeps_rows(str(page.with_page(1))) for page in requested)


def test_a_replayed_journal_chooses_the_same_pages() -> None:
    records: list[PageRecord] = []

    def recording(_plan: Plan, _listing: ListingURL, record: PageRecord) -> PageRecord:
        records.append(record)
        return record

    plan, _, requested = crawled(2_000, recording, cap=306)
    for length in (len(records) - 10, len(records) - 4):
        again = Plan(plan.job, records[:length])
        wanted = {str(page) for page in again.wanted}
        assert wanted == {str(page) for page in requested[length:]}


def test_the_bound_is_below_the_truth() -> None:
    """A short form of the 200 runs of ``make bench-coverage``."""
    above = sum(bound > recall for bound, recall in map(bound_and_recall, range(20)))
    assert above <= 2


def bound_and_recall(seed: int) -> tuple[float, float]:
    """The audit's bound, and the truth, of a plan that misses products at random."""
    chance = random.Random(seed)
    share = chance.uniform(0.01, 0.2)
    asins = [item.asin for item in Catalogue(2_000, without_price=0.0).items[:2_000]]
    lost = {asin for asin in asins if chance.random() < share}
    change = losing(lost)

    def seeded(plan: Plan, listing: ListingURL, record: PageRecord) -> PageRecord:
        return replace(change(plan, listing, record), at=f"run {seed}")

    plan, _, _ = crawled(2_000, seeded, cap=306)
    bound = coverage_of(plan, 2_000 - len(lost)).audit.at_least
    return bound, 1 - len(lost) / 2_000
