"""The rail: the filters offered, those chosen, and the summary of the chosen ones."""

from html import escape

from tests.storefront.card import Look
from tests.storefront.catalogue import BRANDS, DEPARTMENT, NODE, NODE_NAMES, SUB_NODES
from tests.storefront.query import BRAND_CODE, DAY_CODE, DAY_VALUES, PRIME_CODE, PRIME_VALUES, Query
from tests.storefront.wording import Wording


def rail(
    query: Query, look: Look, *, domain: str, days: bool, summary: bool, siblings: bool = False
) -> str:
    """The rail of a listing; ``days`` offers delivery days, ``summary`` lists what is chosen.

    ``siblings`` shows every node as if it were below the chosen one.
    """
    words = look.words
    groups = [
        _group("Department", "n", _nodes(query, siblings=siblings)),
        _price(query),
        _group("Brands", BRAND_CODE, _choices(BRAND_CODE, BRANDS, query, words)),
    ]
    if domain == "amazon.com.au":
        groups.append(_group("Prime", PRIME_CODE, _choices(PRIME_CODE, PRIME_VALUES, query, words)))
    if days:
        labels = {value: label for value, (_, label) in DAY_VALUES.items()}
        groups.append(_group("Delivery Day", DAY_CODE, _choices(DAY_CODE, labels, query, words)))
    said = _summary(query, look) if summary else ""
    return f'<div id="s-refinements">{said}{"".join(groups)}</div>'


def _summary(query: Query, look: Look) -> str:
    labels = [label for code, value in query.terms for label in _labels(code, value, look)]
    words = look.words
    text = words.selected.format(", ".join(labels)) if labels else words.none_selected
    return f'<div id="s-refinements-a11y-summary" class="aok-hidden">{escape(text)}</div>'


def _labels(code: str, value: str, look: Look) -> list[str]:
    if code == "n":
        return [NODE_NAMES[value]]
    if code == "p_36":
        return [_price_label(value, look)]
    names = {PRIME_CODE: PRIME_VALUES, BRAND_CODE: BRANDS}.get(code) or {
        day: label for day, (_, label) in DAY_VALUES.items()
    }
    return [names[part] for part in value.split("|")]


def _price_label(value: str, look: Look) -> str:
    low, _, high = value.partition("-")
    # The slider's upper end means "or more".
    end = look.whole(int(high)) if high else f"{look.whole(100_000)}+"
    return f"{look.whole(int(low or 0))}–{end}"


def _group(heading: str, code: str, items: str) -> str:
    return (
        f'<div role="group"><div id="{code}-title" role="heading"><span>{heading}</span></div>'
        f'<ul id="filter-{code}">{items}</ul></div>'
    )


def _choices(code: str, labels: dict[str, str], query: Query, words: Wording) -> str:
    chosen = query.values(code)
    return "".join(
        f'<li id="{code}/{value}"><span class="a-list-item"><a class="s-navigation-item" href="#" '
        + (
            f'aria-current="true" aria-label="{escape(words.remove.format(label))}">'
            if value in chosen
            else f'aria-label="{escape(words.apply.format(label))}">'
        )
        + f"<span>{escape(label)}</span></a></span></li>"
        for value, label in labels.items()
    )


def _nodes(query: Query, *, siblings: bool) -> str:
    chosen = query.selection.node
    branch = [DEPARTMENT, NODE, *SUB_NODES]
    if chosen is not None and chosen not in branch:
        branch = [DEPARTMENT, chosen]
    return "".join(
        f'<li id="n/{node}"{_indent(node, chosen)}><span class="a-list-item">'
        f'<span class="a-text-bold">{NODE_NAMES[node]}</span></span></li>'
        if node == chosen
        else f'<li id="n/{node}"{_indent(node, chosen, siblings)}><a href="/s?rh=n%3A{node}">'
        f"{NODE_NAMES[node]}</a></li>"
        for node in branch
    )


def _indent(node: str, chosen: str | None, siblings: bool = False) -> str:
    """The indent class, which tells nodes below the chosen one from its siblings."""
    if siblings:
        return ' class="s-navigation-indent-2"'
    depth = 1 if node == chosen or (chosen in SUB_NODES and node in SUB_NODES) else 0
    depth += 2 * (node in SUB_NODES and chosen == NODE)
    return f' class="s-navigation-indent-{depth}"' if depth else ""


def _price(query: Query) -> str:
    low, _, high = (query.value("p_36") or "-").partition("-")
    return (
        '<div id="priceRefinements" role="group"><div id="p_36/range-slider"><form>'
        f'<input type="hidden" name="low-price" value="{low}">'
        f'<input type="hidden" name="high-price" value="{high}"></form></div></div>'
    )
