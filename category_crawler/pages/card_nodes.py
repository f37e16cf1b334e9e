"""Finds all nodes of a result card that its fields need, with one query.

A card has some twenty fields, and one query per field would search the whole card each time.
"""

from collections import defaultdict
from functools import lru_cache
from typing import Self

from selectolax.lexbor import LexborNode

_PARTS = frozenset({"delivery-recipe", "reviews-block", "secondary-offer-recipe"})
"""Values of ``data-cy``."""
_CLASSES = frozenset(
    {
        *("a-price", "a-badge-label", "s-coupon-unclipped", "s-color-swatch-container"),
        *("s-variation-options-text", "s-variations-options-link"),
    }
)
_ICONS = frozenset({"a-icon-prime"})
# A selector with a tag is faster, because it tests the class only on nodes with that tag. The tags
# are those of all real pages.
_QUERY = (
    "h2, i, img, div[data-cy], span.a-price, span.a-badge-label, span.s-coupon-unclipped,"
    " div.s-color-swatch-container, span.s-variation-options-text, .s-variations-options-link"
)


class CardNodes:
    """The nodes of a card by mark, in page order.

    Marks are the tag ``h2``, the image's class ``s-image``, classes of badges and choosers, classes
    of icons (``a-icon-prime``; ``a-star`` for every size of stars), and values of ``data-cy``. A
    price has the mark ``a-price``, or ``a-text-price`` if it is struck through or a unit price.
    """

    __slots__ = ("_marked", "card")

    def __init__(self, card: LexborNode, marked: dict[str, list[LexborNode]]) -> None:
        self.card = card
        self._marked = marked

    @classmethod
    def find(cls, card: LexborNode) -> Self:
        """Search a card."""
        marked: dict[str, list[LexborNode]] = defaultdict(list)
        for node in card.css(_QUERY):
            attributes, tag = node.attrs, node.tag
            part = attributes.sget("data-cy") if tag == "div" else ""
            for mark in (part,) if part in _PARTS else _marks(tag, attributes.sget("class")):
                marked[mark].append(node)
        return cls(card, marked)

    def all(self, mark: str) -> list[LexborNode]:
        """Every node with a mark."""
        return self._marked.get(mark, [])

    def first(self, mark: str) -> LexborNode | None:
        """The first node with a mark."""
        nodes = self._marked.get(mark)
        return nodes[0] if nodes else None


@lru_cache(maxsize=4096)
def _marks(tag: str | None, classes: str) -> tuple[str, ...]:
    """The marks of a node without ``data-cy``; pages have only a few hundred such combinations."""
    tokens = classes.split()
    marks = [token for token in dict.fromkeys(tokens) if token in _CLASSES]
    if "a-price" in marks and "a-text-price" in tokens:
        marks[marks.index("a-price")] = "a-text-price"
    if tag == "h2":
        marks.append("h2")
    if tag == "img" and "s-image" in tokens:
        marks.append("s-image")
    if tag == "i":
        marks += [token for token in tokens if token in _ICONS]
        marks += ["a-star"] if "a-star" in classes else []
    return tuple(marks)
