"""Elements inside and around a node; the parser's own children include comments and text."""

from collections.abc import Iterator

from selectolax.lexbor import LexborNode


def around(node: LexborNode, outermost: LexborNode) -> Iterator[LexborNode]:
    """The elements around a node, from the inside, before an outermost one such as its card."""
    above = node.parent
    while above is not None and above.mem_id != outermost.mem_id:
        yield above
        above = above.parent


def is_inside(node: LexborNode, part: str, card: LexborNode) -> bool:
    """Whether a node of a card is the part with this ``data-cy``, or inside it."""
    return any(one.attrs.get("data-cy") == part for one in (node, *around(node, card)))


def link_around(node: LexborNode, card: LexborNode) -> str | None:
    """The address of the link in which a node of a card is; None if it is in none."""
    for above in around(node, card):
        if above.tag == "a":
            return above.attrs.get("href") or ""
    return None


def first_element(node: LexborNode) -> LexborNode | None:
    """The first child element of a node; None if it has none."""
    return next((child for child in node.iter() if child.is_element_node), None)
