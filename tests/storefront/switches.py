"""The shop's quirks: switches that tests can change while it runs."""

import ast
import inspect
from dataclasses import dataclass
from itertools import pairwise


@dataclass(slots=True)
class Switches:
    """Request numbers count listing requests, from 1; 0 means never."""

    # How much the shop serves
    page_size: int = 24
    """Organic results per page: 16, 24 or 48."""
    cap: int = 0
    """Organic results served per listing; 0 means all."""
    page_cap: int = 0
    """Pages served per listing; 0 means all."""
    advertise_total: bool = False
    """The strip shows as many pages as the total needs, up to 400, with a next link on each."""
    caps_its_count: bool = False
    """The shop says that what it serves of a listing is all that there is."""
    rounded_above: int = 1000
    """Larger totals are rounded down and shown with "over"."""
    metadata: str = "2026"
    """Year of the form of ``s-metadata``: ``2021``, ``2026``, or ``absent``."""
    metadata_total_error: int = 0
    """Added to the total that the metadata says."""
    metadata_cards_error: int = 0
    """Added to the number of cards that the metadata says."""
    metadata_cards_zero: bool = False
    """The metadata says that there is no card, as one real page does."""
    metadata_wrong_until: int = 0
    """The errors are made up to this request; 0 means always."""
    fluctuating: bool = False
    """Each page reports between half and twice the total."""
    total_factor: float = 1.0
    """Each total is this many times the true one; 0 means that no page reports any."""
    reshuffle: float = 0.0
    """Share of results that change page between requests, except in orders by price."""
    price_spread: float = 1.0
    """A product also matches price ranges up to this many times its price, as do products that
    are sold from X to Y."""
    repeats_first_page: str = ""
    """Every page shows the results of the first one and leads on: with ``counting`` the bar goes
    on counting, with ``no bar`` there is none."""
    rail_lists_siblings: bool = False
    """The rail lists siblings and ancestors of the chosen node as if they were below it."""
    repeats: int = 0
    """Number of results repeated from the page before."""
    adverts: int = 4
    """Advertisements per page; some products are organic results elsewhere."""
    page_bytes: int = 300_000
    """Size in bytes to which pages are filled up."""

    mixed_offers: bool = False
    """Cards also show other editions, price ranges, prices for members, another way to buy,
    subscription discounts, promotions and stock, as in :mod:`tests.storefront.offers`."""
    title_end: str = ""
    """Each title ends with this text."""
    corrects_query: bool = False
    """Listings say that they are of another spelling of the search words."""
    banner_year: int = 2026
    """Messages above the results have the ids of this year; they changed in 2024."""

    # What the shop leaves out
    drop_filter: str = ""
    """Code of a refinement to ignore silently, such as ``p_36``; ``p_123|`` means only terms with
    several brands."""
    drop_node: bool = False
    """Ignore the node silently: listings are of the whole store."""
    keep_summary: bool = True
    """The summary for screen readers names the chosen filters, the price among them."""
    no_delivery_day: bool = False
    """The rail does not offer delivery days."""
    titles_missing_from: int = 0
    """From this request on, cards have no title."""
    prices_missing_from: int = 0
    """From this request on, cards have no price."""
    empty_page_from: int = 0
    """From this request on, pages have no card and no message about it."""

    no_results_on: str = ""
    """A regular expression: listing pages whose URL matches say "No results"."""
    no_results_times: int = 0
    """Each such page says so this many times, then serves its results; 0 means always."""
    no_results_rail: bool = True
    """Pages that say "No results" still show the node and the filters."""

    # Delivery location
    wrong_location_from: int = 0
    """From this request on, pages are for another place."""
    wrong_currency_from: int = 0
    """From this request on, prices are in another currency."""
    local_currency: bool = False
    """Visitors without a delivery location also see the shop's own currency."""
    wrong_currency_share: float = 1.0
    """Share of cards in another currency, for visitors who see one; below 1 the rail shows prices
    in the shop's own."""
    no_location_from: int = 0
    """From this request on, pages have no delivery line."""
    expire_at: int = 0
    """Before this request every session loses its location once."""
    expire_every: int = 0
    """The same before each multiple of this number."""
    popover: bool = True
    """The pop-over for the delivery location opens on request."""
    keep_location: bool = False
    """The pop-over accepts every address and changes nothing."""
    home_loops: bool = False
    """The home page of a visitor with a location has a script that never ends."""
    home_block: str = ""
    """Answer that replaces the home page: a name in :mod:`tests.storefront.block`."""

    # Blocks and failures
    block: str = ""
    """Answer that replaces a listing: a name in :mod:`tests.storefront.block`."""
    block_from: int = 0
    """From this request on."""
    block_every: int = 0
    """At each multiple of this number."""
    block_share: float = 0.0
    """At this share of requests, at random."""
    block_times: int = 0
    """At most this often; 0 means no limit."""
    retry_after: str = ""
    """``Retry-After`` of rate limits and error pages."""
    robots: str = "allow"
    """``allow``, ``scrapy`` (a group names Scrapy), ``us``, ``us_whole``, ``all``, ``missing``."""
    latency: float = 0.0
    """Seconds before each answer."""


def meanings() -> dict[str, str]:
    """What each switch does, from the text below it; argparse's signs are doubled."""
    (switches,) = ast.parse(inspect.getsource(Switches)).body
    assert isinstance(switches, ast.ClassDef)
    return {
        ast.unparse(field.target): " ".join(text.value.value.split()).replace("%", "%%")
        for field, text in pairwise(switches.body)
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr)
        if isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
    }
