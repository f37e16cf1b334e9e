"""The readers against real pages and what a person saw on them; both are outside the repository."""

import json
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from category_crawler.domain_config import DOMAINS
from category_crawler.files.home import PROJECT
from category_crawler.pages import Kind, Page, read_page
from category_crawler.pages.damage import read_damage

FOLDER = PROJECT.parent / "shared" / "pages"
KINDS = {"search": "listing", "error503": "error"}

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the real pages are not here")


def names(kind: str = "") -> list[str]:
    return sorted(path.name for path in FOLDER.glob(f"*_*{kind}.html"))


@cache
def page_of(name: str) -> Page:
    domain = name.split("_")[1]
    return read_page((FOLDER / name).read_bytes(), DOMAINS[domain])


@cache
def labels() -> dict[str, Any]:
    values: dict[str, Any] = json.loads((FOLDER / "labels.json").read_bytes())
    return values


@pytest.mark.parametrize("name", names())
def test_kind(name: str) -> None:
    kind = name.rpartition("_")[2].removesuffix(".html")
    expected = Kind.PAST_THE_END if name.startswith("27") else KINDS.get(kind, kind)
    assert page_of(name).kind == expected


@pytest.mark.parametrize("name", names())
def test_no_real_page_is_damaged(name: str) -> None:
    assert read_damage((FOLDER / name).read_bytes()) is None


@pytest.mark.parametrize("name", names("_search"))
def test_cards(name: str) -> None:
    products, cards = page_of(name).products, labels()[name]["cards"]
    assert [(p.asin, p.title, p.sponsored) for p in products] == [
        (card["asin"], card["title"], card["sponsored"]) for card in cards
    ]
    # The labels name the price for members, where the reader takes the one to buy (SITE.md 9).
    for product, card in zip(products, cards, strict=True):
        if card["amount"] != "0.00":
            assert product.price == card["price"]
            assert product.price_cents == _cents(card["amount"])


def _cents(amount: str | None) -> Decimal | None:
    return None if amount is None else Decimal(amount) * 100


def test_a_members_price_of_nothing_is_not_the_price_to_buy() -> None:
    shown = [
        (product.price_cents, card["amount"])
        for name in names("_search")
        for product, card in zip(page_of(name).products, labels()[name]["cards"], strict=True)
        if card["amount"] == "0.00"
    ]
    # Three are really for nothing: they show no price to buy.
    assert sorted(cents for cents, _ in shown)[:4] == [0, 0, 0, 199]


@pytest.mark.parametrize("name", names("_search"))
def test_facts(name: str) -> None:
    page, label = page_of(name), labels()[name]
    assert page.page == label["current_page"]
    assert page.last_page == label["last_page"]
    assert page.has_next == label["has_next"]
    assert page.location == label["location"]


@pytest.mark.parametrize(
    ("number", "node", "applied"),
    [
        ("02", "13299531", 1),
        ("24", "172282", 1),
        ("25", "15737191", 3),
        ("26", None, 0),
        ("31", None, 0),
    ],
)
def test_what_is_seen_applied(number: str, node: str | None, applied: int) -> None:
    page = page_of(next(name for name in names() if name.startswith(number)))
    assert (page.node_applied, len(page.filters_applied)) == (node, applied)


@pytest.mark.parametrize(
    ("number", "name"),
    [("02", "おもちゃ"), ("24", "Electronics"), ("25", "Sun Protection"), ("26", None)],
)
def test_a_node_has_the_rails_name(number: str, name: str | None) -> None:
    """The department box of page 25 names the same node otherwise."""
    page = page_of(next(page for page in names() if page.startswith(number)))
    assert page.node_name == name


@pytest.mark.parametrize(("number", "term"), [("26", "p_90:8308921011"), ("42", "p_90:6741117031")])
def test_delivery_days_are_offered(number: str, term: str) -> None:
    page = page_of(next(name for name in names() if name.startswith(number)))
    assert term in [refinement.term for refinement in page.filters_offered]
