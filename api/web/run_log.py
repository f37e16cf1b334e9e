"""What has happened in a run, in words."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from api.web.vocabulary import in_words
from api.web.words import counted, duration, money, number
from category_crawler.run.events import Event, EventKind
from category_crawler.run.price_axis import PriceRange

_WORDS: Mapping[EventKind, str] = MappingProxyType(
    {
        EventKind.BEGAN: "The crawl begins",
        EventKind.CONTINUED: "The crawl continues; {pages} finished before",
        EventKind.WAITED: "All requests wait for up to {wait}{because}",
        EventKind.RETRIED: "{page}: retried after {reason}, {wait} later",
        EventKind.DOUBTED: "{page}: the answer is doubtful, so it is asked for once more",
        EventKind.UNREAD: "{page}: it could not be read completely; the crawl goes on without it",
        EventKind.STOPPED: "Stopped, with {pages} finished{because}",
        EventKind.ENDED: "The crawl has come to its end, with {pages} finished",
    }
)


_ERROR = re.compile(r"[A-Z]\w+", re.ASCII)


def told(event: Event, domain: str) -> str:
    """One event, without a full stop; prices as the marketplace writes them."""
    return _WORDS[event.kind].format(
        page=_page(event, domain),
        pages=counted(event.pages or 0, "page"),
        wait=duration(event.seconds),
        reason=_reason(event),
        because=f": {_reason(event)}" if event.reason else "",
    )


def _reason(event: Event) -> str:
    """Why it happened; the name of an error of the connection says that no answer came."""
    return "no answer" if _ERROR.fullmatch(event.reason) else in_words(event.reason)


def _page(event: Event, domain: str) -> str:
    page = "Page" if event.page is None else f"Page {number(event.page)}"
    if event.low_cents is None and event.high_cents is None:
        return page
    return f"{page} of prices {price_range(event.low_cents, event.high_cents, domain)}"


def price_range(low: int | None, high: int | None, domain: str) -> str:
    """A range of prices, either end of which may be open."""
    if low is not None and high is not None:
        return f"{money(low, domain)} to {money(high, domain)}"
    if high is not None:
        return f"up to {money(high, domain)}"
    return "of any amount" if low is None else f"from {money(low, domain)}"


def part_name(part: PriceRange, place: int, domain: str) -> str:
    """A part of a category: its prices, or its place among the others."""
    if part.low_cents is None and part.high_cents is None:
        return f"Part {place}"
    return price_range(part.low_cents, part.high_cents, domain)
