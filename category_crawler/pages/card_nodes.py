"""The nodes of a result card that its fields are read from, found by one query.

A card has some twenty fields, and each query looks at every node of it.
"""

from functools import lru_cache
from typing import Self

from selectolax.lexbor import LexborNode

_PARTS = frozenset({"delivery-recipe", "reviews-block", "secondary-offer-recipe"})
"""Values of ``data-cy``."""
_RARE = (
    *("a-badge-label", "s-coupon-unclipped", "s-color-swatch-container"),
    *("s-variation-options-text", "s-variations-options-link"),
)
"""Classes that many a page has on no card."""
_CLASSES = frozenset({"a-price", *_RARE})
_ICONS = frozenset({"a-icon-prime"})
_ALWAYS = ("h2", "i", "img", "span.a-price", "div[data-cy]")


def card_query(body: bytes) -> str:
    """The query for the nodes of a page's cards.

    Each class costs at each node, so that one that the page's bytes do not hold is left out.
    """
    return ", ".join([*_ALWAYS, *(f".{name}" for name in _RARE if name.encode() in body)])


class CardNodes:
    """The marked nodes of a card, each under its marks, in page order.

    Marks are the tag ``h2``, the image's class ``s-image``, classes of badges and choosers, classes
    of icons (``a-icon-prime``; ``a-star`` for every size of stars), and ``data-cy``. A price is an
    ``a-price``, or an ``a-text-price`` where it is struck through or by unit.
    """

    __slots__ = ("_marked", "card")

    def __init__(self, card: LexborNode, marked: dict[str, list[LexborNode]]) -> None:
        self.card = card
        self._marked = marked

    @classmethod
    def find(cls, card: LexborNode, query: str) -> Self:
        """Search a card, once, with its page's :func:`card_query`."""
        marked: dict[str, list[LexborNode]] = {}
        for node in card.css(query):
            attributes = node.attributes
            for mark in _marks(node.tag, attributes.get("class"), attributes.get("data-cy")):
                marked.setdefault(mark, []).append(node)
        return cls(card, marked)

    def all(self, mark: str) -> list[LexborNode]:
        """Every node with a mark."""
        return self._marked.get(mark, [])

    def first(self, mark: str) -> LexborNode | None:
        """The first node with a mark."""
        nodes = self._marked.get(mark)
        return nodes[0] if nodes else None


@lru_cache(maxsize=4096)
def _marks(tag: str | None, classes: str | None, part: str | None) -> tuple[str, ...]:
    """The marks of a node; the same few hundred kinds of node make up every page."""
    tokens = (classes or "").split()
    marks = [token for token in dict.fromkeys(tokens) if token in _CLASSES]
    if "a-price" in marks and "a-text-price" in tokens:
        marks[marks.index("a-price")] = "a-text-price"
    if tag == "h2":
        marks.append("h2")
    if tag == "img" and "s-image" in tokens:
        marks.append("s-image")
    if tag == "i":
        marks += [token for token in tokens if token in _ICONS]
        marks += ["a-star"] if "a-star" in (classes or "") else []
    if part in _PARTS:
        marks.append(str(part))
    return tuple(marks)
