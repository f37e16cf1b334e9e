"""Makes listing pages: their products, and the page around them."""

import json
import random
from dataclasses import dataclass, replace
from html import escape
from math import ceil
from urllib.parse import quote

from category_crawler.domain_config import Marketplace
from tests.storefront import popover
from tests.storefront.card import Look, advertisement, card, carousel
from tests.storefront.catalogue import Catalogue, Item
from tests.storefront.query import Query
from tests.storefront.rail import rail
from tests.storefront.switches import Switches
from tests.storefront.wording import Wording, grouped, wording_of

_FILLER = "window.s_fill=window.s_fill||[];window.s_fill.push('lorem-ipsum-dolor-sit-amet');\n"


@dataclass(frozen=True, slots=True)
class Visit:
    """Facts about a request for a page and its visitor."""

    shop: Marketplace
    place: str | None
    """The place in the delivery line: ``BRAY PARK 4500``; None for a visitor from abroad."""
    foreign: bool
    url: str
    number: int
    """Number of this listing request, from 1."""
    token: str = ""
    """Token that opens the pop-over."""
    denied: bool = False
    """The page says "No results", even if there are some."""


def listing_page(catalogue: Catalogue, switches: Switches, query: Query, visit: Visit) -> str:
    """The answer to a listing URL."""
    if _since(switches.empty_page_from, visit):
        return _whole(switches, query, visit, "")
    served = Serving(catalogue, switches, query, visit)
    look = _look(switches, visit)
    if visit.denied or served.total == 0:
        suggestions = _cards(catalogue.items[-4:], (), look, 0)
        page = f"{_no_results(look.words, switches)}{suggestions}"
        return _whole(switches, query, visit, page, has_rail=switches.no_results_rail)
    adverts = served.advertisements
    metadata = _metadata(served, switches, query, len(served.organic) + len(adverts))
    body = (
        f'<div id="search">{metadata}{_bar(served, query)}'
        f'<div class="s-main-slot">{_spelling(switches)}'
        f"{_cards(served.organic, adverts, look, visit.number)}"
        f"{carousel(catalogue.items[:5])}</div>{_strip(served, visit)}</div>"
    )
    return _whole(switches, query, visit, body)


def _no_results(words: Wording, switches: Switches) -> str:
    return _banner(f"<span>{words.no_results}</span> <span>this.</span>", switches)


def _spelling(switches: Switches) -> str:
    if not switches.corrects_query:
        return ""
    said = "Showing results for <a>whisky</a>. Search instead for <a>wisky</a>"
    return _banner(said, switches)


def _banner(said: str, switches: Switches) -> str:
    widget = "MAIN-MESSAGING" if switches.banner_year >= 2024 else "MAIN-TOP_BANNER_MESSAGE"
    return f'<div cel_widget_id="{widget}-1">{said}</div>'


class Serving:
    """The results of a query that one page serves."""

    def __init__(
        self, catalogue: Catalogue, switches: Switches, query: Query, visit: Visit
    ) -> None:
        self._catalogue, self._switches, self._visit = catalogue, switches, visit
        self.page, self.size = query.page, switches.page_size
        self._is_by_price = query.order.startswith("price-")
        selection = replace(query.selection, price_spread=switches.price_spread)
        self._found = catalogue.select(selection, query.order)
        self._random = random.Random(f"{visit.number} {visit.url}")
        self.total = self._reported_total()

    @property
    def served_pages(self) -> int:
        """Number of pages with organic results."""
        cap = self._switches.cap or len(self._found)
        pages = ceil(min(len(self._found), cap) / self.size)
        return min(pages, self._switches.page_cap or pages)

    @property
    def shown_pages(self) -> int:
        """Number of pages that the strip shows."""
        if self._switches.repeats_first_page:
            return 400
        if self._switches.advertise_total:
            return min(400, ceil(len(self._found) / self.size))
        return self.served_pages

    @property
    def first(self) -> int:
        return (self.page - 1) * self.size + 1

    @property
    def last(self) -> int:
        """After the last served page this is the end of the results, so the range is inverted."""
        if self._switches.repeats_first_page:
            return self.first + self.size - 1
        cap = min(len(self._found), self._switches.cap or len(self._found))
        return min(self.first + self.size - 1, cap, self.served_pages * self.size)

    @property
    def shown_total(self) -> tuple[int, bool]:
        """The total that the bar shows, and whether it is rounded down and called "over"."""
        if self.total <= self._switches.rounded_above:
            return self.total, False
        magnitude = 10 ** (len(str(self.total)) - 1)
        return self.total // magnitude * magnitude, True

    @property
    def known_total(self) -> tuple[int, bool]:
        """The total that the page says anywhere: in its metadata, else in its bar."""
        return self.shown_total if self._switches.metadata == "absent" else (self.total, False)

    @property
    def has_bar(self) -> bool:
        return self._switches.repeats_first_page != "no bar" and bool(self._switches.total_factor)

    @property
    def is_past_the_end(self) -> bool:
        return self.page > self.served_pages and not self._switches.repeats_first_page

    @property
    def organic(self) -> list[Item]:
        """The organic results of the page; those repeated from the page before come first."""
        if self.is_past_the_end:
            return []
        order = self._order()
        if self._switches.repeats_first_page:
            return order[: self.size]
        start = self.first - 1
        again = order[max(0, start - self._switches.repeats) : start]
        return [*again, *order[start : self.last]]

    @property
    def advertisements(self) -> list[Item]:
        pool = [*self._catalogue.advertised, *self._catalogue.items[:20]]
        return self._random.sample(pool, min(self._switches.adverts, len(pool)))

    def _order(self) -> list[Item]:
        if not self._switches.reshuffle or self._is_by_price:
            return list(self._found)
        # If ranks move by up to j in both directions, j / 2n of all results change page.
        reach = 2 * self._switches.reshuffle * self.size
        jittered = [
            (rank + self._random.uniform(-reach, reach), rank) for rank in range(len(self._found))
        ]
        return [self._found[rank] for _, rank in sorted(jittered)]

    def _reported_total(self) -> int:
        total = len(self._found)
        if self._switches.caps_its_count:
            total = min(total, self._switches.cap or total)
        if self._switches.fluctuating and total:
            return max(1, int(total * self._random.uniform(0.5, 2)))
        factor = self._switches.total_factor
        return max(1, round(total * factor)) if total and factor else total


def _look(switches: Switches, visit: Visit) -> Look:
    is_abroad = visit.foreign and not switches.local_currency
    foreign = is_abroad or _since(switches.wrong_currency_from, visit)
    return Look(
        words=wording_of(visit.shop),
        currency=foreign_currency(visit.shop) if foreign else visit.shop.currency,
        own_currency=visit.shop.currency,
        foreign=foreign,
        foreign_share=switches.wrong_currency_share,
        has_title=not _since(switches.titles_missing_from, visit),
        title_end=switches.title_end,
        has_price=not _since(switches.prices_missing_from, visit),
        mixed_offers=switches.mixed_offers,
    )


def foreign_currency(shop: Marketplace) -> str:
    """The currency that visitors from abroad see."""
    return "INR" if shop.currency == "USD" else "USD"


def _since(start: int, visit: Visit) -> bool:
    return 0 < start <= visit.number


def _cards(organic: list[Item], adverts: list[Item] | tuple[()], look: Look, seed: int) -> str:
    shown = [card(item, look, index) for index, item in enumerate(organic)]
    rand = random.Random(seed)
    for item in adverts:
        shown.insert(rand.randint(0, len(shown)), advertisement(item, look, 99))
    return "".join(shown)


def _bar(served: Serving, query: Query) -> str:
    if not served.has_bar:
        return ""
    words = wording_of(served._visit.shop)
    total, is_rounded = served.shown_total
    over = words.over if is_rounded else ""
    form = words.one_page if len(served.organic) == total and not over else words.results
    text = form.format(first=served.first, last=served.last, total=grouped(total, words), over=over)
    asked = (
        f'<span class="a-color-state">"{escape(query.keywords)}"</span>' if query.keywords else ""
    )
    return (
        '<span data-component-type="s-result-info-bar"><h1><div class="s-breadcrumb">'
        f"<h2><span>{text}</span>{asked}</h2></div>"
        '<select id="s-result-sort-select"><option>Featured</option></select></h1></span>'
    )


def _metadata(served: Serving, switches: Switches, query: Query, cards: int) -> str:
    """The script in which the site counts its own results."""
    if switches.metadata == "absent" or not served.has_bar:
        return ""
    until = switches.metadata_wrong_until
    is_wrong = not until or served._visit.number <= until
    values: dict[str, object] = {
        "totalResultCount": served.total + switches.metadata_total_error * is_wrong,
        "asinOnPageCount": cards + switches.metadata_cards_error * is_wrong,
        "searchAlias": "aps",
        "keywords": query.keywords,
        "store": "aps",
        "rid": "0123456789ABCDEFGHIJ",
    }
    if switches.metadata_cards_zero:
        values["asinOnPageCount"] = 0
    if switches.metadata == "2021" and query.page == 1:
        values |= {"rescopeParameter": "n", "rescopeNode": ""}
    else:
        values |= {"page": query.page, "rescopeNode": query.selection.node or ""}
    text = json.dumps(values).replace("-", r"\-").replace("</", r"<\/")
    return f"<script>P.declare('s\\-metadata', {text});</script>"


def _strip(served: Serving, visit: Visit) -> str:
    if served.is_past_the_end or served.shown_pages < 2:
        return ""
    words = wording_of(visit.shop)
    parts = [_edge(served.page > 1, "previous", words.previous, visit, served.page - 1)]
    for number in range(1, min(served.shown_pages, max(3, served.page + 1)) + 1):
        if number == served.page:
            parts.append(f'<span class="s-pagination-item s-pagination-selected">{number}</span>')
        elif number in (1, served.page - 1, served.page + 1, 2, 3):
            parts.append(
                f'<a class="s-pagination-item s-pagination-button" href="{_link(visit, number)}">'
                f"{number}</a>"
            )
    if served.shown_pages > max(3, served.page + 1):
        parts.append(
            '<span class="s-pagination-ellipsis">...</span>'
            f'<span class="s-pagination-item s-pagination-disabled">{served.shown_pages}</span>'
        )
    parts.append(
        _edge(served.page < served.shown_pages, "next", words.next, visit, served.page + 1)
    )
    return f'<div><span class="s-pagination-strip">{"".join(parts)}</span></div>'


def _edge(leads_on: bool, name: str, text: str, visit: Visit, page: int) -> str:
    classes = f"s-pagination-item s-pagination-{name}"
    if leads_on:
        return f'<a class="{classes}" href="{_link(visit, page)}">{text}</a>'
    return f'<span class="{classes} s-pagination-disabled">{text}</span>'


def _link(visit: Visit, page: int) -> str:
    return escape(f"{visit.url.partition('&page=')[0]}&page={page}&qid=1&ref=sr_pg_{page}")


def _whole(
    switches: Switches, query: Query, visit: Visit, body: str, *, has_rail: bool = True
) -> str:
    page = (
        f"{head(visit.shop, query.keywords or 'Listing')}"
        f"{navigation(switches, query if has_rail else None, visit)}"
        f"{_rail(switches, query, visit) if has_rail else ''}{body}"
    )
    missing = switches.page_bytes - len(page)
    filler = f"<script>{_FILLER * (missing // len(_FILLER))}</script>" if missing > 0 else ""
    return f"{page}{filler}</body></html>"


def _rail(switches: Switches, query: Query, visit: Visit) -> str:
    look = _look(switches, visit)
    return rail(
        query,
        look if look.foreign_share == 1 else look.own,
        domain=visit.shop.domain,
        days=not visit.foreign and not switches.no_delivery_day,
        summary=switches.keep_summary,
        siblings=switches.rail_lists_siblings,
    )


def head(shop: Marketplace, title: str) -> str:
    """The start of every page of the shop."""
    return (
        f'<!doctype html><html lang="{shop.language.lower().replace("_", "-")}"><head>'
        f'<meta charset="utf-8"><title>{shop.domain.capitalize()} : {escape(title)}</title>'
        f"</head><body>"
    )


def navigation(switches: Switches, query: Query | None, visit: Visit) -> str:
    """The bar at the top: the delivery line and the department box."""
    node = query.selection.node if query is not None else None
    box = (
        '<select id="searchDropdownBox"><option value="search-alias=aps">All</option>'
        + (f'<option selected value="node={quote(node)}">This</option>' if node else "")
        + "</select>"
    )
    opener = popover.opener(visit.token)
    return f'<div id="nav-belt">{_delivery_line(switches, visit)}{box}</div>{opener}'


def _delivery_line(switches: Switches, visit: Visit) -> str:
    if _since(switches.no_location_from, visit):
        return ""
    words = wording_of(visit.shop)
    if visit.place is None:
        lines = words.deliver, "United States"
    else:
        # The real site puts zero-width marks after the place.
        lines = words.delivering.format(place=f"{visit.place}\u200c"), words.update
    return (
        '<a id="nav-global-location-popover-link" href="#">'
        f'<span id="glow-ingress-line1">{escape(lines[0])}</span>'
        f'<span id="glow-ingress-line2">{escape(lines[1])}</span></a>'
    )
