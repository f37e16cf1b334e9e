"""Where the bars of a price axis are drawn."""

import itertools

from api.web.axis_picture import HEIGHT, picture_of
from category_crawler.run.price_axis import PriceAxis, PriceRange


def one(low: int | None, high: int | None, seen: int, reported: int | None = None) -> PriceRange:
    return PriceRange(
        low_cents=low, high_cents=high, state="whole", reported=reported, seen=seen, listings=1
    )


def test_bars_fill_the_width_without_gap_and_overlap() -> None:
    axis = PriceAxis(
        division="price",
        ranges=(one(None, 999, 5), one(1000, 4999, 10), one(5000, None, 20)),
        joined=0,
    )
    bars = picture_of(axis).bars
    assert bars[0].x == 0
    assert abs(bars[-1].x + bars[-1].width - 100) < 0.01
    for before, after in itertools.pairwise(bars):
        assert abs(before.x + before.width - after.x) < 0.01


def test_the_highest_bar_is_as_high_as_the_picture_with_what_is_missing() -> None:
    axis = PriceAxis(
        division="price", ranges=(one(None, 999, 50, 100), one(1000, None, 25, 20)), joined=0
    )
    capped, whole = picture_of(axis).bars
    assert capped.height + capped.missing == HEIGHT
    assert (whole.height, whole.missing) == (HEIGHT / 4, 0)


def test_one_range_without_bounds_and_without_products_can_be_drawn() -> None:
    picture = picture_of(PriceAxis(division="none", ranges=(one(None, None, 0),), joined=0))
    assert (picture.bars[0].x, picture.bars[0].width) == (0, 100)
    assert picture.ticks == []
    assert picture_of(PriceAxis(division="none", ranges=(), joined=0)).bars == []


def test_one_price_and_bounds_of_the_job_can_be_drawn() -> None:
    for low, high in ((500, 500), (0, 0), (None, 1), (100, 10**9)):
        picture = picture_of(PriceAxis(division="price", ranges=(one(low, high, 3),), joined=0))
        assert 0 <= picture.bars[0].x <= 100
        assert 0 < picture.bars[0].width <= 100
        assert len(picture.ticks) <= 6
        assert all(0 <= tick.x <= 100 for tick in picture.ticks)


def test_parts_that_are_no_price_ranges_stand_side_by_side() -> None:
    axis = PriceAxis(division="brand", ranges=tuple(one(None, None, 5) for _ in range(4)), joined=0)
    picture = picture_of(axis)
    assert [(bar.x, bar.width) for bar in picture.bars] == [(0, 25), (25, 25), (50, 25), (75, 25)]
    assert picture.ticks == []
