"""The elements right within another; the parser counts comments with them."""

from selectolax.lexbor import LexborNode


def first_element(node: LexborNode) -> LexborNode | None:
    """The first element right within a node, or None where there is none."""
    return next((child for child in node.iter() if child.is_element_node), None)
