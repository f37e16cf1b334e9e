"""Reads the rail beside a listing: the refinements offered, those chosen, and the chosen node."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from category_crawler.pages.text import clean, spaced_text_of, text_of

_NODE_ID = re.compile(r"n/(\d+)", re.ASCII)
_INDENT = re.compile(r"s-navigation-indent-(\d+)", re.ASCII)
_SUMMARY = "#s-refinements-a11y-summary"
_CHOSEN = 'a[aria-current="true"], input[checked]'
_NODE_VALUE = re.compile(r"node=(\d+)", re.ASCII)


class Refinement(NamedTuple):
    """One choice of the rail."""

    term: str | None
    """As in ``rh``: ``p_90:8308921011``, ``n:172282``; None if only the summary names it."""
    label: str
    group: str | None = None
    """Heading of its group in the rail."""


@dataclass(frozen=True, slots=True)
class Rail:
    """The values of the rail and of its summary."""

    node_applied: str | None
    """Digits of the node shown as chosen."""
    node_name: str | None
    """The chosen node's label in the rail. The department box may name it otherwise (real page)."""
    applied: list[Refinement]
    offered: list[Refinement]
    nodes_below: list[str]
    """Digits of the nodes below the chosen one."""


def read_rail(tree: LexborHTMLParser) -> Rail:
    """Read a listing's rail; if there is none, only the department box."""
    rail = tree.css_first("div#s-refinements")
    items = rail.css('li[id*="/"]') if rail is not None else []
    headings = _headings(rail)
    node_item = _chosen_node(items)
    marked = _marked_as_chosen(rail)
    chosen: list[Refinement] = []
    offered: list[Refinement] = []
    for item in items:
        refinement = _refinement(item, items, headings)
        if refinement is not None and item is not node_item:
            (chosen if item.mem_id in marked else offered).append(refinement)
    node = _refinement(node_item, items, headings) if node_item is not None else None
    if node is not None:
        chosen.append(node)
    return Rail(
        node_applied=_node_of(node_item) if node_item is not None else _boxed_node(tree),
        node_name=node.label if node is not None else None,
        applied=_with_summary(chosen, _summary(tree, rail)),
        offered=offered,
        nodes_below=_nodes_below(items, node_item),
    )


def _headings(rail: LexborNode | None) -> dict[str, str]:
    if rail is None:
        return {}
    return {
        (node.id or "").removesuffix("-title"): text
        for node in rail.css('div[id$="-title"]')
        if (text := text_of(node))
    }


def _refinement(
    item: LexborNode, items: list[LexborNode], headings: dict[str, str]
) -> Refinement | None:
    code, _, value = (item.id or "").partition("/")
    label = spaced_text_of(item) or _unwritten_label(item, items)
    return Refinement(f"{code}:{value}", label, headings.get(code)) if label and value else None


def _unwritten_label(item: LexborNode, items: list[LexborNode]) -> str | None:
    """The label of a choice without text, such as a colour: the title of its link.

    Without a title it is in the ``aria-label``, which wraps it in a sentence of the page's
    language: "Apply the filter Black to narrow results" (real pages).
    """
    if label := _attribute(item, "title"):
        return label
    spoken = _attribute(item, "aria-label")
    before, after = _sentence_around_labels(items)
    return spoken.removeprefix(before).removesuffix(after).strip() or None


def _sentence_around_labels(items: list[LexborNode]) -> tuple[str, str]:
    """What an ``aria-label`` says before and after a label, from a choice that shows both."""
    for item in items:
        label = spaced_text_of(item)
        if label and label in (spoken := _attribute(item, "aria-label")):
            before, _, after = spoken.partition(label)
            return before, after
    return "", ""


def _attribute(item: LexborNode, name: str) -> str:
    node = item.css_first(f"[{name}]")
    return clean(node.attrs.get(name)) if node is not None else ""


def _marked_as_chosen(rail: LexborNode | None) -> set[int]:
    """``mem_id`` of every node that contains a link or a box marked as chosen.

    Pages of 2024 mark only the box (SITE.md 9).
    """
    marked: set[int] = set()
    for mark in rail.css(_CHOSEN) if rail is not None else ():
        above = mark.parent
        while above is not None:
            marked.add(above.mem_id)
            above = above.parent
    return marked


def _chosen_node(items: list[LexborNode]) -> LexborNode | None:
    """The chosen node: bold and without a link; the other nodes have links."""
    return next(
        (
            item
            for item in items
            if _NODE_ID.fullmatch(item.id or "")
            and item.css_first("a") is None
            and item.css_first(".a-text-bold") is not None
        ),
        None,
    )


def _node_of(item: LexborNode) -> str | None:
    match = _NODE_ID.fullmatch(item.id or "")
    return match.group(1) if match else None


def _nodes_below(items: list[LexborNode], chosen: LexborNode | None) -> list[str]:
    """The nodes with a deeper indent than the chosen one; its siblings have the same indent."""
    if chosen is None:
        return []
    depth = _indent(chosen)
    return [node for item in items if _indent(item) > depth and (node := _node_of(item))]


def _indent(item: LexborNode) -> int:
    match = _INDENT.search(item.attrs.get("class") or "")
    return int(match.group(1)) if match else 0


def _boxed_node(tree: LexborHTMLParser) -> str | None:
    option = tree.css_first("#searchDropdownBox option[selected]")
    value = option.attrs.get("value") if option is not None else None
    match = _NODE_VALUE.search(value or "")
    return match.group(1) if match else None


def _summary(tree: LexborHTMLParser, rail: LexborNode | None) -> str:
    """The labels in the summary for screen readers, as one text.

    The summary is inside the rail or next to it.
    """
    inside = text_of(rail.css_first(_SUMMARY)) if rail is not None else None
    text = inside or text_of(tree.css_first(_SUMMARY)) or ""
    return re.split(r"[:：]", text, maxsplit=1)[1].strip() if re.search(r"[:：]", text) else ""


def _with_summary(chosen: list[Refinement], summary: str) -> list[Refinement]:
    """The refinements that the rail shows as chosen, and those that only the summary names."""
    rest = summary
    for refinement in chosen:
        rest = rest.replace(refinement.label, "", 1)
    return [*chosen, *(Refinement(None, label) for label in _labels(rest))]


def _labels(summary: str) -> Iterator[str]:
    for label in re.split(r", |、|، ", summary):
        if text := clean(label).strip(" ,、،"):
            yield text
