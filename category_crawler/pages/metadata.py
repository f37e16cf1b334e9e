"""Reads ``s-metadata``, a script in which a listing counts its own results.

It is JavaScript inside ``<div id="search">``, before the result bar, on nearly every listing since
2021 (SITE.md 8). Its keys differ from year to year; the three that are read here are numbers.
"""

import re
from dataclasses import dataclass

_SEARCH = re.compile(rb"id=[\"']?search\b")
_MARK = re.compile(rb"P\.declare\(\s*[\"']s\\?-metadata[\"']")
_NUMBER = re.compile(rb'"(totalResultCount|asinOnPageCount|page)"\s*:\s*"?(\d{1,9})\b')
_WINDOW = 8192
"""Bytes after ``id="search"`` in which it is; on real pages it begins within 1,000."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the script says. A value that it does not say is None."""

    total: int | None = None
    """Number of organic results of the whole listing, not rounded."""
    cards: int | None = None
    """Number of result cards on the page, advertisements included; 0 counts as not said."""
    page: int | None = None
    """Number of the page, 1-based; the first page of 2021 does not say it."""


NO_METADATA = Metadata()


def read_metadata(utf8: bytes) -> Metadata:
    """The metadata of a page; NO_METADATA if it has none."""
    search = _SEARCH.search(utf8)
    if search is None:
        return NO_METADATA
    mark = _MARK.search(utf8, search.end(), search.end() + _WINDOW)
    if mark is None:
        return NO_METADATA
    numbers: dict[bytes, int] = {}
    for name, number in _NUMBER.findall(utf8, mark.end(), utf8.find(b"</script", mark.end())):
        numbers.setdefault(name, int(number))
    return Metadata(
        total=numbers.get(b"totalResultCount"),
        # One real page of 137 says 0 and has cards.
        cards=numbers.get(b"asinOnPageCount") or None,
        page=numbers.get(b"page") or None,
    )
