"""Coverage: never wrongly complete."""

from typing import Any

import pytest

from category_crawler.coverage import cover
from category_crawler.walk import Walk
from tests.records import asins, record

WHOLE = [record(1), record(2), record(3)]


@pytest.mark.parametrize(
    ("records", "complete", "why"),
    [
        (WHOLE, True, "every one of the 60"),
        (WHOLE[:2], False, "ended before"),
        ([*WHOLE[:2], record(3, total=61)], False, "reports 61 products and served 60"),
        ([*WHOLE[:2], record(3, asins=asins(25, 36))], False, "served 48"),
        ([*WHOLE[:2], record(3, total_is_rounded=True)], None, "rounded"),
        ([*WHOLE[:2], record(3, price_proved=False)], None, "could not be proved"),
        ([record(n, total=None) for n in (1, 2, 3)], None, "no total"),
        ([record(1, kind="no_results", asins=(), total=None)], True, "holds no product"),
    ],
)
def test_complete_is_what_is_known(records: list[Any], complete: bool | None, why: str) -> None:
    walk = Walk(records)
    coverage = cover(walk, len(walk.asins), 0)
    assert coverage.complete is complete
    assert why in coverage.why


def test_requests_count_failed_ones_too() -> None:
    walk = Walk([record(1, requests=3), record(2)])
    assert cover(walk, 48, 2).requests == 4
