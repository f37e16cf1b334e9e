"""The shop's quirks, each one a switch that can be turned while it runs."""

from dataclasses import dataclass


@dataclass(slots=True)
class Switches:
    """Numbers of requests count listing requests, from 1; 0 means never."""

    # How much is served
    page_size: int = 24
    """Organic results a page: 16, 24 or 48."""
    cap: int = 0
    """Organic results served of one listing; 0 for all."""
    page_cap: int = 0
    """Pages served of one listing; 0 for all."""
    advertise_total: bool = False
    """The strip shows as many pages as the total would need, to 400, and a next link till then."""
    rounded_above: int = 1000
    """Totals above are rounded down and called "over"."""
    fluctuating: bool = False
    """Each answer reports half to twice the total."""
    reshuffle: float = 0.0
    """Share of the results that change page from request to request."""
    repeats: int = 0
    """Results of the page before that come again."""
    adverts: int = 4
    """Advertisements a page, some of products that are organic results elsewhere."""
    page_bytes: int = 300_000
    """Size that pages are filled up to."""

    # What is left out
    drop_filter: str = ""
    """Code of a refinement that is silently not applied, such as ``p_36``."""
    drop_node: bool = False
    keep_summary: bool = True
    """The summary for screen readers names the chosen filters, the price among them."""
    no_delivery_day: bool = False
    """The rail does not offer delivery days."""
    titles_missing_from: int = 0
    prices_missing_from: int = 0
    empty_page_from: int = 0
    """From this request on, pages without a card and without a word about it."""

    no_results_on: str = ""
    """A regular expression: a listing page in whose address it is found says "No results"."""
    no_results_times: int = 0
    """Each such page says so this many times, then serves its results; 0 for ever."""
    no_results_rail: bool = True
    """Pages that say "No results" show the node and the filters, as others do."""

    # Where it delivers
    wrong_location_from: int = 0
    wrong_currency_from: int = 0
    local_currency: bool = False
    """Visitors without a delivery location see the shop's own currency as well."""
    wrong_currency_share: float = 1.0
    """Share of the cards that show another currency where one is shown; below 1 the rail names
    prices in the shop's own."""
    no_location_from: int = 0
    """Pages without a delivery line."""
    expire_at: int = 0
    """Before this request every session loses its location, once."""
    expire_every: int = 0
    """The same before each multiple of it."""
    popover: bool = True
    """The pop-over that sets the delivery location comes when it is asked for."""
    keep_location: bool = False
    """The pop-over takes every address and changes nothing."""
    home_loops: bool = False
    """The home page of a visitor with a place has a script that never ends."""
    home_block: str = ""
    """Kind of answer instead of the home page: a name in :mod:`tests.storefront.block`."""

    # What stands in the way
    block: str = ""
    """Kind of answer instead of a listing: a name in :mod:`tests.storefront.block`."""
    block_from: int = 0
    """From this request on."""
    block_every: int = 0
    """At each multiple of it."""
    block_share: float = 0.0
    """At random, this share of the requests."""
    block_times: int = 0
    """No more often than this; 0 for no bound."""
    retry_after: str = ""
    """Header of rate limits and error pages."""
    robots: str = "allow"
    """``allow``, ``scrapy`` (a group names Scrapy), ``us``, ``us_whole``, ``all``, ``missing``."""
    latency: float = 0.0
    """Seconds before each answer."""
