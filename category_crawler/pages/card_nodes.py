"""Finds all nodes of a result card that its fields need, with one query.

A card has some twenty fields, and one query per field would search the whole card each time.
"""

import re
from collections import defaultdict
from functools import lru_cache
from typing import Self

from selectolax.lexbor import LexborNode

from category_crawler.pages.elements import link_around

_PARTS = frozenset(
    {
        *("delivery-recipe", "price-recipe", "reviews-block", "secondary-offer-recipe"),
    }
)
"""Values of ``data-cy``."""
_CLASSES = frozenset(
    {
        *("a-price", "a-badge-label", "rio-badge-label", "s-coupon-unclipped"),
        *("s-color-swatch-container", "s-variation-options-text", "s-variations-options-link"),
    }
)
SPONSORED_LABEL = "sponsored-label-text"
"""Mark of the label "Sponsored"; its class has the prefix ``puis-`` or ``s-``."""
LABELLED_ROW = "aria-label"
"""Mark of a ``div`` without any other mark; it may have words for screen readers."""
OTHER_OFFER = "multi-offer-display"
"""``data-cy`` of "Another way to buy"."""
_ICONS = frozenset({"a-icon-prime"})
_PRICES = frozenset({"a-price", "a-text-price"})
# A selector with a tag is faster, because it tests the class only on nodes with that tag. The tags
# are those of all real pages.
_QUERY = (
    "h2, i, img, div[data-cy], div[aria-label], span.a-price, span.a-badge-label,"
    " span.rio-badge-label, span.s-coupon-unclipped, a.puis-sponsored-label-text,"
    " a.s-sponsored-label-text, span.puis-sponsored-label-text, span.s-sponsored-label-text,"
    " div.s-color-swatch-container, span.s-variation-options-text, .s-variations-options-link"
)
_PRODUCT_LINK = re.compile(r"(?:/|%2F)(?:dp|gp(?:/|%2F)product)(?:/|%2F)([A-Z0-9]{10})\b")


class CardNodes:
    """The nodes of a card by mark, in page order.

    Marks are the tag ``h2``, the image's class ``s-image``, classes of badges, labels and choosers,
    classes of icons (``a-icon-prime``; ``a-star`` for every size of stars), values of ``data-cy``,
    ``SPONSORED_LABEL`` and ``LABELLED_ROW``. A price has the mark ``a-price``, or ``a-text-price``
    if it is struck through or a unit price.

    What belongs to another offer or product is left out: all of "Another way to buy", and prices
    whose link leads to another edition.
    """

    __slots__ = ("_marked", "card")

    def __init__(self, card: LexborNode, marked: dict[str, list[LexborNode]]) -> None:
        self.card = card
        self._marked = marked

    @classmethod
    def find(cls, card: LexborNode, asin: str) -> Self:
        """Search the card of a product."""
        marked: dict[str, list[LexborNode]] = defaultdict(list)
        others: set[int] = set()
        for node in card.css(_QUERY):
            attributes, tag = node.attrs, node.tag
            part = attributes.sget("data-cy") if tag == "div" else ""
            if part == OTHER_OFFER:
                others.update(inner.mem_id for inner in node.css(_QUERY))
            if others and node.mem_id in others:
                continue
            for mark in (part,) if part in _PARTS else _marks(tag, attributes.sget("class")):
                if mark not in _PRICES or _linked_product(node, card) in (None, asin):
                    marked[mark].append(node)
        return cls(card, marked)

    def all(self, mark: str) -> list[LexborNode]:
        """Every node with a mark."""
        return self._marked.get(mark, [])

    def first(self, mark: str) -> LexborNode | None:
        """The first node with a mark."""
        nodes = self._marked.get(mark)
        return nodes[0] if nodes else None


def _linked_product(node: LexborNode, card: LexborNode) -> str | None:
    """The ASIN to which the link around a node leads; None if there is no such link."""
    match = _PRODUCT_LINK.search(link_around(node, card) or "")
    return match.group(1) if match else None


@lru_cache(maxsize=4096)
def _marks(tag: str | None, classes: str) -> tuple[str, ...]:
    """The marks of a node without ``data-cy``; pages have only a few hundred such combinations."""
    tokens = classes.split()
    marks = [token for token in dict.fromkeys(tokens) if token in _CLASSES]
    if "a-price" in marks and "a-text-price" in tokens:
        marks[marks.index("a-price")] = "a-text-price"
    if SPONSORED_LABEL in classes:
        marks.append(SPONSORED_LABEL)
    elif tag == "div" and not marks:
        marks.append(LABELLED_ROW)
    if tag == "h2":
        marks.append("h2")
    if tag == "img" and "s-image" in tokens:
        marks.append("s-image")
    if tag == "i":
        marks += [token for token in tokens if token in _ICONS]
        marks += ["a-star"] if "a-star" in classes else []
    return tuple(marks)
