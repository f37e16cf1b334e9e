"""The picture of a divided category: every price range, in order, with what came of it."""

from category_crawler.listing_url import ListingURL
from category_crawler.planning.axis import price_axis
from category_crawler.planning.partition import Effort, Partition
from category_crawler.planning.slice import Slice, Verdict, Way
from category_crawler.run.price_axis import MOST_RANGES
from tests.crawls import URL

ROOT = ListingURL.parse(URL)


def divided(*bounds: tuple[int | None, int | None]) -> Partition:
    """A partition whose whole listing was divided into these price ranges."""
    partition = Partition(ROOT, Effort())
    parts = [ROOT.with_price(*one) for one in bounds]
    partition.root.divide_as(Way.PRICE, parts)
    return partition


def bounds_of(partition: Partition) -> list[tuple[int | None, int | None]]:
    return [(one.low_cents, one.high_cents) for one in price_axis(partition).ranges]


def test_an_undivided_category_is_one_range() -> None:
    axis = price_axis(Partition(ROOT, Effort()))
    (one,) = axis.ranges
    assert (one.low_cents, one.high_cents, one.state, one.seen) == (None, None, "open", 0)
    assert one.reported is None


def test_ranges_are_in_order_and_those_divided_again_are_left_out() -> None:
    partition = divided((1000, 1999), (None, 999), (2000, None))
    middle: Slice = partition.root.parts[0]
    middle.divide_as(Way.PRICE, [ROOT.with_price(1500, 1999), ROOT.with_price(1000, 1499)])
    assert bounds_of(partition) == [(None, 999), (1000, 1499), (1500, 1999), (2000, None)]


def test_a_range_that_was_divided_by_brand_counts_its_listings() -> None:
    partition = divided((None, 999), (1000, None))
    brands = [partition.root.parts[0].listing.with_refinement("p_123", str(n)) for n in range(3)]
    partition.root.parts[0].divide_as(Way.BRANDS, brands)
    axis = price_axis(partition)
    assert [one.listings for one in axis.ranges] == [3, 1]


def test_a_range_inside_of_another_is_joined_with_it_in_the_worse_state() -> None:
    partition = divided((None, 999), (1000, None), (100, 200))
    for part, verdict in zip(
        partition.root.parts, (Verdict.COMPLETE, Verdict.UNKNOWN, Verdict.CAPPED), strict=True
    ):
        part.verdict = verdict
    axis = price_axis(partition)
    assert bounds_of(partition) == [(None, 999), (1000, None)]
    assert [one.state for one in axis.ranges] == ["capped", "unknown"]
    assert axis.joined == 1


def test_very_many_ranges_are_joined_without_a_gap() -> None:
    ends = [*range(100, 100 * (3 * MOST_RANGES), 100)]
    bounds = [(low, low + 99) for low in ends]
    axis = price_axis(divided(*bounds))
    assert len(axis.ranges) <= MOST_RANGES
    assert axis.ranges[0].low_cents == 100
    assert axis.ranges[-1].high_cents == ends[-1] + 99
    for before, after in zip(axis.ranges, axis.ranges[1:], strict=False):
        assert after.low_cents == (before.high_cents or 0) + 1
    assert axis.joined + len(axis.ranges) == len(bounds)


def test_of_a_category_that_was_divided_by_brand_every_part_is_there() -> None:
    partition = Partition(ROOT, Effort())
    brands = [ROOT.with_refinement("p_123", str(number)) for number in range(3)]
    first, *_ = partition.root.divide_as(Way.BRAND_GROUPS, brands)
    first.divide_as(Way.PRICE, [brands[0].with_price(None, 999), brands[0].with_price(1000, None)])
    axis = price_axis(partition)
    assert axis.division == "brand"
    bounds = [(one.low_cents, one.high_cents) for one in axis.ranges]
    assert bounds == [(None, 999), (1000, None), (None, None), (None, None)]
    assert axis.joined == 0


def test_a_whole_range_has_seen_all_that_is_reported_of_it() -> None:
    partition = divided((None, 999), (1000, None))
    for part in partition.root.parts:
        part.first._totals = [7]
    first, second = partition.root.parts
    first.verdict, second.verdict = Verdict.COMPLETE, Verdict.CAPPED
    assert [(one.seen, one.reported) for one in price_axis(partition).ranges] == [(7, 7), (0, 7)]
