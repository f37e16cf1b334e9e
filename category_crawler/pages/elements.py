"""Elements inside and around a node; the parser's own children include comments and text."""

from selectolax.lexbor import LexborNode


def is_inside(node: LexborNode, part: str) -> bool:
    """Whether a node of a card is the part with this ``data-cy``, or inside it."""
    above: LexborNode | None = node
    while above is not None and above.attrs.get("data-component-type") != "s-search-result":
        if above.attrs.get("data-cy") == part:
            return True
        above = above.parent
    return False


def first_element(node: LexborNode) -> LexborNode | None:
    """The first child element of a node; None if it has none."""
    return next((child for child in node.iter() if child.is_element_node), None)
