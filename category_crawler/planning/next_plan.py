"""Makes the known plan that a finished crawl leaves for the next one of the same list. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from category_crawler.job import CategoryJob
from category_crawler.listing_url import PRICE_CODE, within
from category_crawler.planning.joined_brands import Group, joined
from category_crawler.planning.known_plan import KnownPlan, KnownSlice, asked_for, way_of
from category_crawler.planning.partition import Partition
from category_crawler.planning.price_tiles import Tile, tiles, with_margin
from category_crawler.planning.slice import Slice, Way


@dataclass(frozen=True, slots=True)
class Harvest:
    """What a finished crawl knows besides its slices."""

    prices: Sequence[int]
    """Cents of every product found, in any order."""
    unpriced: int
    """Products found without a price."""
    is_vouched: bool
    """Whether the list is complete, and an audit missed nothing."""
    finished_at: str


def next_plan(job: CategoryJob, partition: Partition, harvest: Harvest) -> KnownPlan | None:
    """What the next run can begin with; None if the site reported no total."""
    walk = partition.root.first
    if walk.total is None:
        return None
    asked, delivery_day, postcode = asked_for(job)
    return KnownPlan(
        asked=asked,
        delivery_day=delivery_day,
        postcode=postcode,
        listing=str(partition.root.listing),
        finished_at=harvest.finished_at,
        page_size=walk.page_size,
        last_page=walk.last_page,
        served=partition.served_of_one_listing,
        total=walk.total,
        unpriced=harvest.unpriced,
        is_vouched=harvest.is_vouched,
        refused=tuple(sorted(partition.refused)),
        parts=tuple(_Slices(partition).of_category(harvest.prices)),
    )


class _Slices:
    """The slices of a finished partition, as the next run shall request them."""

    def __init__(self, partition: Partition) -> None:
        self._root, self._refused = partition.root, partition.refused
        self._is_orderly = partition.is_orderly
        self._most, self._page_size = (
            partition.served_of_one_listing,
            partition.root.first.page_size,
        )

    def of_category(self, prices: Sequence[int]) -> Iterator[KnownSlice]:
        """Those of the whole listing; none if the next run cannot rely on totals and order."""
        root = self._root
        if not self._is_orderly or not _was_enough(root):
            return
        if root.way is not Way.PRICE:
            yield from self._parts_of(root)
            return
        divided = [one for one in root.with_all_parts() if self._is_divided_price(one)]
        for tile in tiles(prices, root.listing.price, self._most, self._page_size):
            yield self._of_tile(tile, divided if tile.products > self._most else ())

    def _of_tile(self, tile: Tile, divided: Sequence[Slice]) -> KnownSlice:
        """A price range; one price with too many products is divided as it was."""
        low, high = ("" if bound is None else bound for bound in tile.bounds)
        known = (one for one in divided if _shares_a_price(one, tile))
        parts = next((tuple(self._parts_of(one)) for one in known), ())
        return KnownSlice(term=f"{PRICE_CODE}:{low}-{high}", total=tile.products, parts=parts)

    def _is_divided_price(self, one: Slice) -> bool:
        """Whether a slice by price was divided in another way, with success."""
        root = self._root
        is_by_price = one is not root and one.listing.differs_in_price_only(root.listing)
        return is_by_price and bool(one.parts) and one.way is not Way.PRICE and _was_enough(one)

    def _parts_of(self, one: Slice) -> Iterator[KnownSlice]:
        """The parts of a slice, and theirs; none if they did not hold all of it."""
        if not _was_enough(one):
            return
        way = Way.BRAND_GROUPS if one.way is Way.BRANDS else one.way
        parts = [self._of_part(part) for part in one.parts if way_of(_term(part)) is way]
        if way is Way.BRAND_GROUPS and way not in self._refused:
            yield from self._joined(parts)
        else:
            yield from parts

    def _of_part(self, part: Slice) -> KnownSlice:
        total = part.first.total or len(part.asins)
        return KnownSlice(term=_term(part), total=total, parts=tuple(self._parts_of(part)))

    def _joined(self, parts: Sequence[KnownSlice]) -> Iterator[KnownSlice]:
        """Slices by brand: small ones together, and those that are divided again as they were."""
        groups = [Group(_values(part), part.total) for part in parts if not part.parts]
        for group in joined(groups, with_margin(self._most), self._page_size):
            term = f"{parts[0].term.partition(':')[0]}:{'|'.join(group.values)}"
            yield KnownSlice(term=term, total=group.products)
        yield from (part for part in parts if part.parts)


def _term(part: Slice) -> str:
    """The refinement that divides a part from the slice above."""
    return ":".join(part.listing.terms[-1])


def _values(part: KnownSlice) -> tuple[str, ...]:
    return tuple(part.term.partition(":")[2].split("|"))


def _shares_a_price(one: Slice, tile: Tile) -> bool:
    ends = [bound for bound in one.listing.price if bound is not None]
    return any(within(end, tile.bounds) for end in ends)


def _was_enough(one: Slice) -> bool:
    """Whether a slice's parts held all of it, as far as the site told."""
    return not one.is_capped and not any(part.is_refused for part in one.parts)
