"""How complete a list is, told from the journal; never wrongly complete. Pure."""

from dataclasses import dataclass

from category_crawler.walk import End, Walk


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is known of a run's completeness."""

    reported_total: int | None
    """Products the site reports for the whole listing."""
    reported_is_rounded: bool
    found: int
    """Rows kept."""
    found_without_price: int
    slices: int
    """Listings crawled."""
    slices_capped: int
    """Listings that the site stopped serving before their reported end."""
    requests: int
    """Listing requests, failed ones included."""
    outliers: int
    """Results left out because their price lies outside the asked bounds."""
    complete: bool | None
    """True when every product is known to be there, False when some are known to be missing."""
    why: str
    """One sentence."""


def cover(walk: Walk, found: int, found_without_price: int) -> Coverage:
    """The coverage of a plain walk."""
    complete, why = _judge(walk, found)
    return Coverage(
        reported_total=walk.total,
        reported_is_rounded=walk.total_is_rounded,
        found=found,
        found_without_price=found_without_price,
        slices=1,
        slices_capped=int(_capped(walk)),
        requests=sum(record.requests for record in walk.records),
        outliers=sum(record.outliers for record in walk.records),
        complete=complete,
        why=why,
    )


def _capped(walk: Walk) -> bool:
    return walk.end is not None and walk.total is not None and len(walk.asins) < walk.total


def _judge(walk: Walk, found: int) -> tuple[bool | None, str]:
    if walk.end is None:
        return False, "the crawl ended before the listing did"
    if walk.end is End.NO_RESULTS and found == 0:
        return True, "the site says that the category holds no product"
    if walk.total is None:
        return None, "the site reports no total"
    seen = len(walk.asins)
    if seen < walk.total:
        return False, f"the site reports {walk.total} products and served {seen}"
    if walk.total_is_rounded:
        return None, f"the site reports only a rounded total, over {walk.total}"
    if any(record.price_proved is False for record in walk.records):
        return None, "that the price range was applied could not be proved on every page"
    return True, f"every one of the {walk.total} products reported was served"
