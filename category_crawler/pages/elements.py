"""Child elements; the parser's own children include comments and text."""

from selectolax.lexbor import LexborNode


def first_element(node: LexborNode) -> LexborNode | None:
    """The first child element of a node; None if it has none."""
    return next((child for child in node.iter() if child.is_element_node), None)
