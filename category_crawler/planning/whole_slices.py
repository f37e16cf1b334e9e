"""Which price slices a run has walked whole, by its journal. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from category_crawler.listing_url import Bounds, ListingURL
from category_crawler.run.journal import PageRecord


@dataclass(slots=True)
class _Walk:
    """What the pages of one listing have shown."""

    asins: set[str] = field(default_factory=set)
    totals: set[int | None] = field(default_factory=set)
    is_sure: bool = True

    def add(self, page: PageRecord) -> None:
        self.asins.update(page.asins)
        self.totals.add(page.total)
        self.is_sure &= not (
            page.total_is_rounded
            or page.totals_differ
            or page.cards_missed
            or page.outliers
            or page.corrected_query
            or page.price_proved is False
        )

    @property
    def is_whole(self) -> bool:
        """Whether every result was seen that all of its pages agree on."""
        if not self.is_sure or len(self.totals) != 1:
            return False
        (total,) = self.totals
        return total is not None and len(self.asins) >= total


def whole_price_slices(records: Iterable[PageRecord]) -> list[Bounds]:
    """Price ranges (cents, both ends included) of the category that were walked whole.

    (None, None) is the whole category, products without a price too. Slices by brand or node do
    not count, since a row does not tell in which of them the site has it.
    """
    walks: dict[str, _Walk] = {}
    for record in records:
        walks.setdefault(record.listing, _Walk()).add(record)
    if not walks:
        return []
    # The first listing that a run asks for is the whole category.
    root = ListingURL.parse(next(iter(walks)))
    whole = [ListingURL.parse(url) for url, walk in walks.items() if walk.is_whole]
    return [
        (None, None) if one == root else one.price
        for one in whole
        if one == root or one.differs_in_price_only(root)
    ]
