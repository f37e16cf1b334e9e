"""Reads the pagination strip: the current page, the largest number, and the next link."""

import re
from dataclasses import dataclass

from selectolax.lexbor import LexborNode

from category_crawler.pages.text import clean, plain_digits


@dataclass(frozen=True, slots=True)
class Strip:
    """The strip's values; one-page listings and pages past the end have no strip."""

    page: int | None
    last_page: int | None
    has_next: bool


NO_STRIP = Strip(None, None, False)


def read_strip(strip: LexborNode) -> Strip:
    """Read ``.s-pagination-strip``, or ``ul.a-pagination`` on pages before 2021.

    The last page is the largest number: with two or three pages the site marks none as the last.
    """
    numbers = [
        number
        for node in strip.css(".s-pagination-item, li")
        if (number := _number(node)) is not None
    ]
    current = strip.css_first(".s-pagination-selected, li.a-selected")
    following = strip.css_first("a.s-pagination-next, li.a-last:not(.a-disabled) a")
    return Strip(
        page=_number(current) if current is not None else None,
        last_page=max(numbers, default=None),
        has_next=following is not None,
    )


def _number(node: LexborNode) -> int | None:
    text = plain_digits(clean(node.text()))
    return int(text) if re.fullmatch(r"\d+", text, re.ASCII) else None
