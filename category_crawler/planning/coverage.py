"""Judges how complete a list is, from its slices; never calls an incomplete list complete. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from category_crawler.planning.audit import Audit
from category_crawler.planning.listing_pages import End, ListingPages
from category_crawler.planning.partition import Partition
from category_crawler.planning.reach import TOLERATED
from category_crawler.planning.slice import Slice, Verdict
from category_crawler.run.records import Coverage


@dataclass(frozen=True, slots=True)
class Tally:
    """A run's counts."""

    found: int = 0
    """Rows kept."""
    found_without_price: int = 0
    requests: int = 0
    """Listing requests, failed ones included."""
    outliers: int = 0
    """Results left out because their price is outside the requested range."""
    price_unproved: bool = False
    """Whether some page did not prove that the caller's price range was applied."""
    corrected_query: tuple[str, str] | None = None
    """Search words asked for, and those of which the site shows the results instead."""


def cover(partition: Partition, tally: Tally, audit: Audit | None = None) -> Coverage:
    """The coverage of a crawl so far."""
    root = partition.root
    slices = [one for one in root.with_all_parts() if not one.parts]
    capped = [one for one in root.with_all_parts() if one.verdict is Verdict.CAPPED]
    complete, why = _judge(partition, tally, capped)
    if not complete and (walk := _contradicted(partition)):
        why = f"{why}; {_contradiction(walk)}"
    if audit is not None and (missed := sum(map(len, audit.unknown.values()))):
        complete = False
        why = f"{why}; the audit found {missed} products that the plan had missed"
    elif audit is not None and complete and not audit.is_over:
        complete, why = False, "the audit is not over"
    if tally.corrected_query is not None:
        asked, shown = tally.corrected_query
        complete, why = False, f"{why}; the list is of {shown!r}, not of {asked!r}"
    if not complete and (unreadable := _unreadable(partition)):
        why = f"{why}; {unreadable}"
    if miscounted := _miscounted(partition):
        why = f"{why}; {miscounted}"
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
        audit=audit.result if audit is not None else None,
    )


def _judge(partition: Partition, tally: Tally, capped: Sequence[Slice]) -> tuple[bool | None, str]:
    root, found = partition.root, tally.found
    if not partition.is_over:
        return False, "the crawl has not reached the end of its plan"
    if root.first.end is End.NO_RESULTS and found == 0:
        return True, "the site says that the category holds no product"
    if missing := _known_to_be_missing(root.first, capped, found):
        if not _is_total_in_doubt(partition, found):
            return False, missing
        return None, f"{missing}, but slices that were walked again showed no other"
    return _judge_total(partition, tally)


def _judge_total(partition: Partition, tally: Tally) -> tuple[bool | None, str]:
    """Whether the list is complete, where no product is known to be missing."""
    root, found = partition.root, tally.found
    total = root.first.exact_total
    if total is None:
        return None, _no_exact_total(root.first)
    if root.verdict is not Verdict.COMPLETE:
        return None, "it is not known whether the site served every product of some slices"
    if found != total:
        return None, f"the site reports {total} products and {found} were found"
    if tally.price_unproved:
        return None, "it could not be proved on every page that the price range was applied"
    return True, f"every one of the {total} products reported was found"


def _is_total_in_doubt(partition: Partition, found: int) -> bool:
    """Whether almost all products of the total were found, and a search for more was in vain."""
    total = partition.root.first.exact_total
    is_near = total is not None and found >= (1 - TOLERATED) * total
    return is_near and partition.totals_are_too_high


def _known_to_be_missing(walk: ListingPages, capped: Sequence[Slice], found: int) -> str:
    """Why products must be missing; empty if that is not known."""
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


def _contradicted(partition: Partition) -> ListingPages | None:
    """A walk that ended with "no results" although products are known to exist there."""
    if not partition.is_over:
        return None
    in_slices = (one.contradicted for one in partition.root.with_all_parts())
    unpriced = (walk for walk in partition.unpriced if walk.end is End.CONTRADICTED)
    return next(filter(None, in_slices), None) or next(unpriced, None)


def _contradiction(walk: ListingPages) -> str:
    page = walk.listing.with_page(walk.length)
    return (
        f"{page} said twice that there are no results, but at least {walk.expected} products "
        f"should be there and {walk.served} came before"
    )


def _unreadable(partition: Partition) -> str:
    """The first page that could not be read; empty if there is none."""
    for walk in partition.walks:
        if walk.end is End.UNREADABLE:
            return f"{walk.listing.with_page(walk.length)} could not be read, twice"
    return ""


def _miscounted(partition: Partition) -> str:
    """The first page on which the readers may have missed a card; empty if there is none."""
    for walk in partition.walks:
        for number, missed in walk.miscounted:
            page = walk.listing.with_page(number)
            cards = f"{abs(missed)} {'more' if missed > 0 else 'fewer'}"
            return f"{page} said twice that it has {cards} cards than could be read"
    return ""


def _no_exact_total(walk: ListingPages) -> str:
    if walk.total is None:
        return "the site reports no total"
    if not walk.is_steady:
        return "the site reports different totals on different pages"
    return f"the site reports only a rounded total, over {walk.total}"
