"""Reads a page of the site: its kind, its products, and what it says about the listing."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser

from category_crawler.domain_config import Marketplace
from category_crawler.items import Product
from category_crawler.pages.banner import (
    CorrectedQuery,
    corrected_query,
    no_results_message,
    read_banners,
)
from category_crawler.pages.block import read_block
from category_crawler.pages.card import read_card
from category_crawler.pages.charset import as_utf8
from category_crawler.pages.elements import first_element
from category_crawler.pages.kind import Kind
from category_crawler.pages.metadata import NO_METADATA, Metadata, read_metadata
from category_crawler.pages.nesting import is_too_deep
from category_crawler.pages.price import read_currency
from category_crawler.pages.price_range import PriceRange
from category_crawler.pages.rail import Refinement, read_rail
from category_crawler.pages.result_bar import NO_BAR, ResultBar, read_result_bar
from category_crawler.pages.strip import NO_STRIP, Strip, read_strip
from category_crawler.pages.text import plain_digits, spaced_text_of, text_of

_CARD = 'div[data-component-type="s-search-result"]'
_STRIP = "span.s-pagination-strip, ul.a-pagination"
_RESULT_BAR = (
    '[data-component-type="s-result-info-bar"], [cel_widget_id*="RESULT_INFO_BAR"], .s-breadcrumb'
)
_BROWSE = re.compile(r"/b(?:/[^?]*)?\?(?:.*&)?node=(\d+)|/b/(\d+)", re.ASCII)


@dataclass(slots=True)
class Page:
    """The values of one page. A value that the page does not show is None."""

    kind: Kind
    products: list[Product] = field(default_factory=list)
    """Result cards in page order, advertisements included."""
    first: int | None = None
    """Rank of the first organic result, from the result bar; 1 if the page shows all results."""
    last: int | None = None
    total: int | None = None
    """Number of organic results of the whole listing: the metadata's, else the result bar's."""
    total_is_rounded: bool = False
    """Whether the real number may be larger."""
    totals_differ: tuple[int, int] | None = None
    """Totals of the result bar and of the metadata, if they contradict each other."""
    metadata: Metadata = NO_METADATA
    page: int | None = None
    """The page number shown as the current one."""
    last_page: int | None = None
    """The largest page number shown."""
    has_next: bool = False
    location: str = ""
    """Both parts of the delivery line; empty if there is none."""
    currency: str | None = None
    """ISO 4217 code of the page's prices."""
    node_applied: str | None = None
    """Digits of the node shown as chosen; of a browse page, the node of its listing."""
    node_name: str | None = None
    """The chosen node's name, as the rail shows it."""
    filters_applied: list[Refinement] = field(default_factory=list)
    filters_offered: list[Refinement] = field(default_factory=list)
    nodes_below: list[str] = field(default_factory=list)
    """Digits of the nodes below the chosen one."""
    price_applied: PriceRange | None = None
    """The price range named in the chosen filters."""
    corrected_query: CorrectedQuery | None = None
    """Search words that the site has replaced, so that the list is of another query."""
    is_garbled: bool = False
    """Whether some of its bytes are not in its charset; they are read as U+FFFD."""
    title: str | None = None
    message: str | None = None
    """The first words of a page that is not a listing, or the "no results" message."""


def read_page(
    body: bytes,
    marketplace: Marketplace,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Page:
    """Read a page of the site; the names in ``headers`` are in lower case."""
    return read_page_as(read_block(body, status, headers), body, marketplace, headers)


def read_page_as(
    block: Kind | None,
    body: bytes,
    marketplace: Marketplace,
    headers: Mapping[str, str] | None = None,
) -> Page:
    """Read a page of which :func:`read_block` has said what kind of block it is, or none."""
    utf8 = as_utf8(body, headers)
    if is_too_deep(utf8):
        return Page(Kind.UNKNOWN, message="its elements are nested too deeply to be parsed")
    tree = LexborHTMLParser(utf8)
    if block:
        return Page(block, title=_title(tree), message=_first_words(tree))
    page = _read_listing(tree, marketplace, read_metadata(utf8))
    if page.kind is Kind.NO_RESULTS:
        page.products = []
    elif page.kind is Kind.BROWSE:
        page.node_applied = _browsed_node(tree)
    elif page.kind is Kind.UNKNOWN:
        page.message = _first_words(tree)
    return page


def _read_listing(tree: LexborHTMLParser, shop: Marketplace, metadata: Metadata) -> Page:
    cards = (read_card(card, shop) for card in tree.css(_CARD))
    products = [product for product in cards if product is not None]
    bar = _result_bar(tree)
    strip = _strip(tree)
    rail = read_rail(tree)
    banners = read_banners(tree)
    no_results = no_results_message(banners)
    total, is_rounded, differ = _total(bar, metadata)
    return Page(
        kind=_kind(tree, products, bar, strip, says_no_results=no_results is not None),
        products=products,
        first=bar.first,
        last=bar.last,
        total=total,
        total_is_rounded=is_rounded,
        totals_differ=differ,
        metadata=metadata,
        page=strip.page,
        last_page=strip.last_page,
        has_next=strip.has_next,
        location=_location(tree),
        currency=_currency(tree, products, shop),
        node_applied=rail.node_applied,
        node_name=rail.node_name,
        filters_applied=rail.applied,
        filters_offered=rail.offered,
        nodes_below=rail.nodes_below,
        price_applied=_price_applied(rail.applied, shop),
        corrected_query=corrected_query(banners),
        title=_title(tree),
        message=no_results,
    )


def _total(bar: ResultBar, metadata: Metadata) -> tuple[int | None, bool, tuple[int, int] | None]:
    """The total, whether it is rounded, and the two totals if they contradict each other.

    On 137 real pages they never did. If they do, the larger one counts, and as not exact.
    """
    exact, shown = metadata.total, bar.total
    if not exact:
        return shown, bar.total_is_rounded, None
    if shown is None or shown == exact or (bar.total_is_rounded and shown < exact):
        return exact, False, None
    return max(exact, shown), True, (shown, exact)


def _kind(
    tree: LexborHTMLParser,
    products: list[Product],
    bar: ResultBar,
    strip: Strip,
    *,
    says_no_results: bool,
) -> Kind:
    if bar.is_inverted:
        return Kind.PAST_THE_END
    if bar.first is None and not strip.has_next and says_no_results:
        return Kind.NO_RESULTS
    if products:
        return Kind.LISTING
    return Kind.BROWSE if _browsed_node(tree) else Kind.UNKNOWN


def _result_bar(tree: LexborHTMLParser) -> ResultBar:
    bar = tree.css_first(_RESULT_BAR)
    for span in bar.css("span") if bar is not None else ():
        # The text has its own span, before the query and the sort orders.
        if first_element(span) is None:
            read = read_result_bar(span.text())
            if read != NO_BAR:
                return read
    return NO_BAR


def _strip(tree: LexborHTMLParser) -> Strip:
    strip = tree.css_first(_STRIP)
    return read_strip(strip) if strip is not None else NO_STRIP


def _browsed_node(tree: LexborHTMLParser) -> str | None:
    """The node of a ``/b?node=`` page; its product cards, if any, are none of a listing's."""
    link = tree.css_first("link[rel=canonical]")
    match = _BROWSE.search(link.attrs.get("href") or "") if link is not None else None
    return (match.group(1) or match.group(2)) if match else None


def _location(tree: LexborHTMLParser) -> str:
    lines = (text_of(tree.css_first(f"#glow-ingress-line{number}")) for number in (1, 2))
    return " ".join(line for line in lines if line)


def _currency(tree: LexborHTMLParser, products: list[Product], shop: Marketplace) -> str | None:
    seen = Counter(p.currency for p in products if p.price_cents is not None)
    if seen:
        return seen.most_common(1)[0][0]
    symbol = text_of(tree.css_first(".icp-currency-symbol"))
    return read_currency(plain_digits(symbol), shop.currency) if symbol else None


def _price_applied(applied: list[Refinement], shop: Marketplace) -> PriceRange | None:
    for refinement in applied:
        if refinement.term is None or refinement.term.startswith("p_36:"):
            found = PriceRange.read(refinement.label, shop.currency)
            if found is not None:
                return found
    return None


def _title(tree: LexborHTMLParser) -> str | None:
    return text_of(tree.css_first("head title"))


def _first_words(tree: LexborHTMLParser) -> str | None:
    body = tree.body
    if body is None:
        return None
    for script in body.css("script, style, noscript"):
        script.decompose()
    return (spaced_text_of(body) or "")[:200] or None
