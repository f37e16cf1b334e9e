"""What the walk of the whole listing shows of the site."""

import pytest

from category_crawler.listing_url import ListingURL
from category_crawler.planning.reach import Reach
from category_crawler.planning.slice import Slice
from category_crawler.run.journal import PageRecord
from tests.records import LISTING, asins, record


def reach_of(*records: PageRecord, listing: str = LISTING) -> Reach:
    root = Slice(ListingURL.parse(listing))
    for one in records:
        root.first.add(one)
    return Reach(root)


def pages(*, total: int | None = 60, **values: object) -> list[PageRecord]:
    return [record(number, total=total, **values) for number in (1, 2, 3)]


@pytest.mark.parametrize(
    ("total", "rounded", "may_hold_more", "has_no_total"),
    [
        (60, False, False, False),
        (900, False, True, False),
        (60, True, True, False),
        (61, False, True, False),
        (None, False, False, True),
        (40, False, False, True),
        (59, False, False, False),
    ],
)
def test_whether_a_served_listing_may_hold_more(
    total: int | None, rounded: bool, may_hold_more: bool, has_no_total: bool
) -> None:
    reach = reach_of(*pages(total=total, total_is_rounded=rounded))
    assert reach.may_not_be_all is may_hold_more
    assert reach.has_no_true_total is has_no_total


def test_totals_count_if_every_page_says_the_same_one() -> None:
    reach = reach_of(*pages(total=900))
    reach.learn()
    assert (reach.are_totals_true, reach.most, reach.page_size) == (True, 60, 24)
    differing = reach_of(record(1, total=900), record(2, total=800), record(3, total=900))
    assert differing.are_totals_true is False
    capped = reach_of(*pages(total=60))
    capped.distrust_totals()
    assert (capped.are_totals_true, capped.most) == (False, 60)


def test_repeated_results_are_reshuffled_ones_unless_every_page_is_the_same() -> None:
    again = record(2, total=900, asins=asins(13, 36))
    reshuffled = reach_of(record(1, total=900), again, record(3, total=900))
    assert reshuffled.is_reshuffled is True
    same = [record(n, total=900, asins=asins(1, 24), has_next=True) for n in (1, 2, 3, 4)]
    repeated = reach_of(*same)
    repeated.learn()
    assert (repeated.is_reshuffled, repeated.most) == (False, 24)


@pytest.mark.parametrize(
    ("totals", "are_true"),
    [
        ((900, 900), True),
        ((900, 903), True),
        ((900, 930), False),
        ((40, 43), True),
        ((40, 44), False),
    ],
)
def test_totals_that_were_true_are_believed_until_they_waver(
    totals: tuple[int, int], are_true: bool
) -> None:
    reach = reach_of(record(1, total=900))
    assert not reach.are_totals_true
    reach.recall(306)
    part = Slice(ListingURL.parse(f"{LISTING}%2Cp_36%3A100-200"))
    for number, total in enumerate(totals, 1):
        part.first.add(record(number, total=total))
        reach.compare(part.first)
    assert (reach.are_totals_true, reach.served) == (are_true, 306)
