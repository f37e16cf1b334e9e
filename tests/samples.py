"""The pages that are measured: the real ones where they lie beside the project, else the shop's."""

import json
from dataclasses import dataclass
from functools import cache

from category_crawler.domain_config import DOMAINS, Marketplace
from category_crawler.files.home import PROJECT
from tests.storefront import NODE, Catalogue, Query, Switches
from tests.storefront.listing import Visit, listing_page

_REAL = PROJECT.parent / "shared" / "pages"
_SHOPS = ("amazon.com.au", "amazon.com", "amazon.de", "amazon.co.jp", "amazon.in")


@dataclass(frozen=True, slots=True)
class Sample:
    """A listing page and the marketplace that it is of."""

    name: str
    body: bytes
    shop: Marketplace


@cache
def listings() -> tuple[Sample, ...]:
    """The real listing pages, else pages of the stand-in shop."""
    return real_listings() or shop_listings()


def real_listings() -> tuple[Sample, ...]:
    """The pages that ``labels.json`` speaks of; none where they are not there."""
    labels = _REAL / "labels.json"
    if not labels.is_file():
        return ()
    return tuple(
        Sample(name, (_REAL / name).read_bytes(), DOMAINS[name.split("_")[1]])
        for name in sorted(json.loads(labels.read_bytes()))
    )


def shop_listings(page_bytes: int = Switches().page_bytes) -> tuple[Sample, ...]:
    """Pages of several marketplaces, of 16, 24 and 48 cards, filled up to a size in bytes."""
    catalogue = Catalogue(200)
    return tuple(
        Sample(
            f"{domain}, {size} cards, page {page}",
            _shop_page(catalogue, Switches(page_size=size, page_bytes=page_bytes), domain, page),
            DOMAINS[domain],
        )
        for domain in _SHOPS
        for size, page in ((16, 1), (24, 2), (48, 3))
    )


def _shop_page(catalogue: Catalogue, switches: Switches, domain: str, page: int) -> bytes:
    query = Query.read(
        {"rh": f"n:{NODE}", "page": str(page)}, domain=domain, domestic=True, dropped=set()
    )
    visit = Visit(DOMAINS[domain], "BRAY PARK 4500", foreign=False, url=f"/s?{page}", number=page)
    return listing_page(catalogue, switches, query, visit).encode()
