"""How complete a list is, told from the slices it comes from; never wrongly complete. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from category_crawler.planning.partition import Partition
from category_crawler.planning.slice import Slice, Verdict
from category_crawler.planning.walk import End, Walk
from category_crawler.run.records import Coverage


@dataclass(frozen=True, slots=True)
class Tally:
    """What a run has counted."""

    found: int = 0
    """Rows kept."""
    found_without_price: int = 0
    requests: int = 0
    """Listing requests, failed ones included."""
    outliers: int = 0
    """Results left out because their price lies outside the asked bounds."""
    price_unproved: bool = False
    """Whether a page left it open that its price range was applied."""


def cover(partition: Partition, tally: Tally) -> Coverage:
    """The coverage of a crawl as far as it has come."""
    root = partition.root
    slices = [one for one in root.with_all_parts() if not one.parts]
    capped = [one for one in root.with_all_parts() if one.verdict is Verdict.CAPPED]
    complete, why = _judge(partition, tally, capped)
    if not complete and (walk := _contradicted(partition)):
        why = f"{why}; {_contradiction(walk)}"
    return Coverage(
        reported_total=root.first.total,
        reported_is_rounded=root.first.total_is_rounded,
        found=tally.found,
        found_without_price=tally.found_without_price,
        slices=len(slices),
        slices_capped=sum(not one.is_divided_by_price for one in capped),
        requests=tally.requests,
        outliers=tally.outliers,
        complete=complete,
        why=why,
    )


def _judge(partition: Partition, tally: Tally, capped: Sequence[Slice]) -> tuple[bool | None, str]:
    root, found = partition.root, tally.found
    if not partition.is_over:
        return False, "the crawl has not come to the end of its plan"
    if root.first.end is End.NO_RESULTS and found == 0:
        return True, "the site says that the category holds no product"
    if missing := _known_to_be_missing(root.first, capped, found):
        return False, missing
    total = root.first.exact_total
    if total is None:
        return None, _no_exact_total(root.first)
    if root.verdict is not Verdict.COMPLETE:
        return None, "of some slices it is not known whether the site served all of them"
    if found != total:
        return None, f"the site reports {total} products and {found} were found"
    if tally.price_unproved:
        return None, "that the price range was applied could not be proved on every page"
    return True, f"every one of the {total} products reported was found"


def _known_to_be_missing(walk: Walk, capped: Sequence[Slice], found: int) -> str:
    """Why products must be missing, or an empty text."""
    if walk.is_steady and walk.total is not None and found < walk.total:
        over = "over " if walk.total_is_rounded else ""
        return f"the site reports {over}{walk.total} products and {found} were found"
    for one in capped:
        total = one.first.exact_total
        if total is not None and len(one.asins) < total:
            return (
                f"the site reports {total} products for {one.listing} and served {len(one.asins)}"
            )
    return ""


def _contradicted(partition: Partition) -> Walk | None:
    """A walk that ended for a "no results" against what is known of it."""
    if not partition.is_over:
        return None
    in_slices = (one.contradicted for one in partition.root.with_all_parts())
    unpriced = (walk for walk in partition.unpriced if walk.end is End.CONTRADICTED)
    return next(filter(None, in_slices), None) or next(unpriced, None)


def _contradiction(walk: Walk) -> str:
    page = walk.listing.with_page(walk.length)
    return (
        f"{page} said twice that there are no results, but at least {walk.expected} products "
        f"should be there and {walk.served} came before"
    )


def _no_exact_total(walk: Walk) -> str:
    if walk.total is None:
        return "the site reports no total"
    if not walk.is_steady:
        return "the site reports another total on every page"
    return f"the site reports only a rounded total, over {walk.total}"
