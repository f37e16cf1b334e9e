"""Coverage: an incomplete list is never called complete."""

from typing import Any

import pytest

from category_crawler.listing_url import ListingURL
from category_crawler.planning.coverage import Tally, cover
from category_crawler.planning.partition import Effort, Partition
from category_crawler.run.journal import PageRecord
from category_crawler.run.records import Coverage
from tests.records import LISTING, asins, no_results, record

WHOLE = [record(1), record(2), record(3)]


def covered(
    records: list[PageRecord], found: int | None = None, *, price_unproved: bool = False
) -> Coverage:
    """The coverage of a listing that is not divided."""
    partition = Partition(ListingURL.parse(LISTING), Effort(tries=0), whole=False)
    for one in records:
        partition.add(one)
    seen = len(partition.root.asins) if found is None else found
    requests = sum(one.requests for one in records)
    return cover(partition, Tally(seen, 0, requests, price_unproved=price_unproved))


@pytest.mark.parametrize(
    ("records", "complete", "why"),
    [
        (WHOLE, True, "every one of the 60"),
        (WHOLE[:2], False, "has not reached the end of its plan"),
        ([record(n, total=61) for n in (1, 2, 3)], False, "reports 61 products and 60 were found"),
        ([*WHOLE[:2], record(3, asins=asins(25, 36))], False, "reports 60 products and 48"),
        ([record(n, total=50, total_is_rounded=True) for n in (1, 2, 3)], None, "over 50"),
        ([record(n, total=70, total_is_rounded=True) for n in (1, 2, 3)], False, "over 70"),
        ([*WHOLE[:2], record(3, total=61)], None, "different totals on different pages"),
        ([*WHOLE[:2], record(3, total=40)], None, "different totals on different pages"),
        ([record(n, total=None) for n in (1, 2, 3)], None, "no total"),
        ([no_results(), no_results()], True, "holds no product"),
        ([no_results(proved=True)], False, "has not reached the end of its plan"),
        ([no_results(), *WHOLE], True, "every one of the 60"),
        ([WHOLE[0], no_results(2)], False, "has not reached the end of its plan"),
        ([WHOLE[0], no_results(2), *WHOLE[1:]], True, "every one of the 60"),
        (
            [WHOLE[0], no_results(2), no_results(2)],
            False,
            "60 products and 24 were found; https://www.amazon.com.au/s?rh=n%3A4851693051&page=2 "
            "said twice that there are no results, but at least 60 products should be there and "
            "24 came before",
        ),
        ([record(1, total=None), *[no_results(2)] * 2], None, "no total"),
        (
            [WHOLE[0], *[record(2, cards_missed=1, asins=asins(25, 47))] * 2, WHOLE[2]],
            False,
            "59 were found; https://www.amazon.com.au/s?rh=n%3A4851693051&page=2 said twice that "
            "it has 1 more cards than could be read",
        ),
    ],
)
def test_complete_is_what_is_known(records: list[Any], complete: bool | None, why: str) -> None:
    coverage = covered(records)
    assert coverage.complete is complete
    assert why in coverage.why


def test_more_than_the_total_is_no_proof() -> None:
    assert covered([record(n, total=59) for n in (1, 2, 3)]).complete is None


def test_a_price_range_must_be_proved() -> None:
    assert covered(WHOLE, price_unproved=True).complete is None


def test_rows_that_were_not_kept_are_missing() -> None:
    assert covered(WHOLE, found=59).complete is False


def test_requests_count_failed_ones_too() -> None:
    coverage = covered([record(1, requests=3), record(2)])
    assert (coverage.requests, coverage.slices, coverage.slices_capped) == (4, 1, 0)
