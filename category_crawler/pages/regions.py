"""The regions of a listing that are read, cut out of the page's bytes before they are parsed.

Parsing is what reading a page costs most, and most of a page is scripts, carousels and footer. A
page is cut only where it is laid out as expected and nothing can be lost by it; any other is
parsed whole, and both ways read the same.
"""

from dataclasses import dataclass
from typing import Self

from selectolax.lexbor import LexborHTMLParser, LexborNode

_CARD_TYPE = "s-search-result"
_CARD = f'div[data-component-type="{_CARD_TYPE}"]'
_STRIP = ".s-pagination-strip, ul.a-pagination"

_CARD_MARK = b'data-component-type="s-search-result"'
_SLOT_MARK = b' data-index="'
"""Cards, banners and carousels of the result list are numbered by it."""
_STRIP_MARK = b"s-pagination-strip"
_OLD_STRIP_MARK = b"a-pagination"
_RAIL_MARK = b'id="s-refinements'
"""Left open: a summary that stands outside the rail begins alike, and must not be lost."""
_FOOTER_MARK = b'id="navFooter"'
_TOP_MARKS = (b'id="glow-ingress-line1"', b'id="searchDropdownBox"', b'"s-result-info-bar"')
"""What stands above the cards of every listing."""

_DOCTYPE = b"<!doctype html>"
"""Without it, parsers follow the rules of old browsers."""
_END = b'<i id="end-of-region">'
_SPECIAL = (
    (b"<!--", b"-->"),
    (b"<script", b"</script"),
    (b"<template", b"</template"),
    (b"<select", b"</select"),
)
"""What stands within these is no markup, or none that is searched."""
_PLAIN_TAGS = ["div", "span"]
"""Elements that do not change how what stands in them is parsed, as a table or a link does."""


class _NotAsExpectedError(Exception):
    """The page is laid out in another way and must be parsed whole."""


@dataclass(frozen=True, slots=True)
class Regions:
    """What is read of a page; where it was parsed whole, ``top`` and ``rail`` are all of it."""

    top: LexborHTMLParser
    """From the beginning to the first card: title, delivery line, department box, result bar."""
    cards: list[LexborNode]
    strip: LexborNode | None
    rail: LexborHTMLParser
    """Refinements with their summary."""

    @classmethod
    def whole(cls, tree: LexborHTMLParser) -> Self:
        """The regions of a page that was parsed whole."""
        return cls(tree, tree.css(_CARD), tree.css_first(_STRIP), tree)

    @classmethod
    def cut(cls, body: bytes) -> Self | None:
        """The regions of an ordinary listing, or None for a page that must be parsed whole."""
        try:
            if not body[:100].lstrip().lower().startswith(_DOCTYPE):
                return None
            first = _start_of_tag(body, body.find(_CARD_MARK))
            rail = _start_of_tag(body, body.find(_RAIL_MARK))
            end = _end_of_cards(body, body.rfind(_CARD_MARK))
            _check_for_stray_cards(body, first, end)
            top = _top(body, first)
            strip, end_of_strip = _strip(body, end)
            return cls(
                top=top,
                cards=_cards(body, first, end),
                strip=strip,
                # Until 2021 the rail stood before the cards.
                rail=top if rail < first else _rail(body, rail, end_of_strip),
            )
        except _NotAsExpectedError:
            return None


def _top(body: bytes, end: int) -> LexborHTMLParser:
    if any(body.find(mark, 0, end) < 0 for mark in _TOP_MARKS):
        raise _NotAsExpectedError
    top = _parse(body, 0, end)
    # Only where this holds are cards parsed alone as they are within the page.
    if any(node.tag not in _PLAIN_TAGS or node.id == "s-refinements" for node in _left_open(top)):
        raise _NotAsExpectedError
    return top


def _end_of_cards(body: bytes, last: int) -> int:
    """Where the next slot, the strip or the rail begins behind the last card's tag."""
    behind = body.find(b">", last)
    found = [body.find(mark, behind) for mark in (_SLOT_MARK, _STRIP_MARK, _RAIL_MARK)]
    return _start_of_tag(body, min((at for at in found if at >= 0), default=-1))


def _check_for_stray_cards(body: bytes, start: int, end: int) -> None:
    """Nothing before and behind the cards may be one that is only written in another way."""
    name, plural = _CARD_TYPE.encode(), f"{_CARD_TYPE}s".encode()
    # The list around the cards is called the same in the plural.
    named_before = body.count(name, 0, start) - body.count(plural, 0, start)
    if named_before or body.find(name, end) >= 0:
        raise _NotAsExpectedError


def _cards(body: bytes, start: int, end: int) -> list[LexborNode]:
    tree = _parse(body, start, end)
    slots = tree.body.iter() if tree.body is not None else ()
    cards = [slot for slot in slots if slot.attributes.get("data-component-type") == _CARD_TYPE]
    # A card less than marks is a product lost; one that is not closed holds the next one.
    if len(cards) != body.count(_CARD_MARK, start, end) or _is_open(cards[-1], tree):
        raise _NotAsExpectedError
    return cards


def _strip(body: bytes, end_of_cards: int) -> tuple[LexborNode | None, int]:
    """The strip and where it ends; None and the end of the cards where the page has none."""
    at = body.find(_STRIP_MARK)
    if at < 0 and body.find(_OLD_STRIP_MARK) < 0:
        return None, end_of_cards
    start = _start_of_tag(body, at)
    _check_gap(body, end_of_cards, start)
    found = body.find(b"<div", at)
    end = found if found >= 0 else len(body)
    tree = _parse(body, start, end)
    strip = tree.css_first(_STRIP)
    if strip is None or _is_open(strip, tree):
        raise _NotAsExpectedError
    return strip, end


def _rail(body: bytes, start: int, end_of_strip: int) -> LexborHTMLParser:
    _check_gap(body, end_of_strip, start)
    footer = body.find(_FOOTER_MARK, start)
    end = _start_of_tag(body, footer) if footer >= 0 else len(body)
    tree = _parse(body, start, end)
    rail = tree.css_first("#s-refinements")
    if rail is None or _is_open(rail, tree):
        raise _NotAsExpectedError
    return tree


def _start_of_tag(body: bytes, at: int) -> int:
    """Where the tag begins that holds a mark; ``at`` is where the mark was found."""
    start = body.rfind(b"<", 0, at) if at >= 0 else -1
    if start < 0:
        raise _NotAsExpectedError
    return start


def _check_gap(body: bytes, start: int, end: int) -> None:
    """What is left out must come after what was read, and leave nothing open that changes it."""
    for opening, closing in _SPECIAL:
        if body.rfind(opening, start, end) > body.rfind(closing, start, end):
            raise _NotAsExpectedError
    if end < start:
        raise _NotAsExpectedError


def _parse(body: bytes, start: int, end: int) -> LexborHTMLParser:
    return LexborHTMLParser(b"".join((_DOCTYPE, memoryview(body)[start:end], _END)))


def _left_open(tree: LexborHTMLParser) -> list[LexborNode]:
    """The elements within which a region ends, the outermost first."""
    nodes: list[LexborNode] = []
    node = tree.body
    while node is not None and (node := node.last_child) is not None:
        nodes.append(node)
    # Where the end became part of a script, a comment or a tag, it is no element.
    if not nodes or nodes.pop().id != "end-of-region":
        raise _NotAsExpectedError
    return nodes


def _is_open(node: LexborNode, tree: LexborHTMLParser) -> bool:
    """Whether a region ends within one of its nodes, or within something that is not plain."""
    return any(
        other.mem_id == node.mem_id or other.tag not in _PLAIN_TAGS for other in _left_open(tree)
    )
