"""The rail's choices: their labels, and which are chosen."""

import pytest

from tests.pages.pieces import card, read

RAIL = '<div id="s-refinements">{}</div>'


@pytest.mark.parametrize(
    "swatch",
    [
        '<li id="p_c/77"><a title="Black" href="#"><div></div></a></li>',
        '<li id="p_c/77"><a title="Black" aria-label="Apply the filter Black" href="#"></a></li>',
        '<li id="p_c/77"><a aria-label="Black" href="#"><i></i></a></li>',
        '<li id="p_c/77"><span aria-label="Nur Black zeigen"></span></li>'
        '<li id="p_c/78"><a aria-label="Nur Rot zeigen" href="#">Rot</a></li>',
    ],
)
def test_the_label_of_a_colour_is_where_no_text_is(swatch: str) -> None:
    offered = read(card() + RAIL.format(swatch)).filters_offered
    assert (offered[0].term, offered[0].label) == ("p_c:77", "Black")


def test_a_brand_with_a_ticked_box_is_chosen() -> None:
    ticked = (
        '<li id="p_89/Maker"><a href="#"><div><input type="checkbox" checked="">'
        '</div><span class="a-text-bold">Maker</span></a></li>'
    )
    other = '<li id="p_89/Other"><a href="#"><input type="checkbox"><span>Other</span></a></li>'
    page = read(card() + RAIL.format(ticked + other))
    assert [r.term for r in page.filters_applied] == ["p_89:Maker"]
    assert [r.term for r in page.filters_offered] == ["p_89:Other"]


def test_the_chosen_nodes_name_is_its_label_in_the_rail() -> None:
    chosen = '<li id="n/12"><span class="a-text-bold">Desk  Lamps</span></li>'
    box = '<select id="searchDropdownBox"><option selected value="node=12">Lamps</option></select>'
    page = read(card() + box + RAIL.format(f'<li id="n/1"><a href="#">Home</a></li>{chosen}'))
    assert (page.node_applied, page.node_name) == ("12", "Desk Lamps")
    assert read(card() + box).node_name is None, "the box may name a node otherwise"
