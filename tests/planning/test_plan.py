"""The plan's limit on requests."""

import pytest

from category_crawler.job import CategoryJob
from category_crawler.planning.plan import Limits, Plan
from tests.records import LISTING, record

JOB = CategoryJob.from_arguments({"category_url": LISTING})


@pytest.mark.parametrize(
    ("total", "limit", "most"),
    [
        (60, 0, 20_000),
        (150_000, 0, 20_000),
        (1_000_000, 0, 125_001),
        (None, 0, 20_000),
        (1_000_000, 500, 500),
        (60, 500, 500),
    ],
)
def test_the_limit_grows_with_the_category_unless_the_operator_sets_one(
    total: int | None, limit: int, most: int
) -> None:
    plan = Plan(JOB, [record(1, total=total)], Limits(requests=limit))
    assert plan.most_requests == most


def test_the_nodes_name_is_the_first_that_was_shown() -> None:
    plan = Plan(JOB, [record(1)])
    assert plan.node_name is None
    plan.add(record(2, node_name="Lighting"))
    plan.add(record(3))
    assert plan.node_name == "Lighting"


def test_the_limit_ends_the_plan() -> None:
    plan = Plan(JOB, [record(1)], Limits(requests=1))
    assert plan.is_over
    assert plan.stopped == "stopped at MAX_REQUESTS 1"
