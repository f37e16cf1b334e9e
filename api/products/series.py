"""What one user's runs have seen of a product: a series of points for each collection."""

from collections.abc import Iterator
from dataclasses import dataclass

from api.products.history import Point, history_folder, points_of
from api.store import Store
from api.store.records import Collection
from category_crawler.domain_config import DOMAINS


@dataclass(frozen=True, slots=True)
class Series:
    """The points of one collection, oldest first."""

    collection: Collection
    points: list[Point]

    @property
    def postcode(self) -> str:
        """In capitals, without spaces."""
        return _postcode(self.collection)


def series_of(
    store: Store, user: int, asin: str, domain: str | None = None, postcode: str | None = None
) -> list[Series]:
    """A series for each of a user's collections that has seen a product, the oldest first.

    All of them, or those on a domain or from a postcode.
    """
    collections = {one.id: one for one in _fitting(store, user, domain, postcode)}
    folders = {number: history_folder(user, number) for number in collections}
    found = points_of(asin, {n: path for n, path in folders.items() if path.is_dir()})
    return [Series(collections[number], found[number]) for number in sorted(found)]


def _fitting(
    store: Store, user: int, domain: str | None, postcode: str | None
) -> Iterator[Collection]:
    for one in store.runners.collections(user):
        shop = DOMAINS.get(one.request.domain)
        wanted = shop.postcode(postcode) if shop and postcode is not None else postcode
        if domain in (None, one.request.domain) and (postcode is None or wanted == _postcode(one)):
            yield one


def _postcode(collection: Collection) -> str:
    request = collection.request
    shop = DOMAINS.get(request.domain)
    return (shop.postcode(request.postcode) if shop else None) or request.postcode
