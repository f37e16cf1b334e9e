"""Listing pages: their kind and their values, in several layouts."""

import re

import pytest

from category_crawler.domain_config import DOMAINS
from category_crawler.pages import Kind, PriceRange, read_page
from tests.pages.pieces import PRICE, STRUCK, card, product, read
from tests.samples import Sample, shop_listings

AU = DOMAINS["amazon.com.au"]


@pytest.mark.parametrize("sample", shop_listings(page_bytes=0), ids=lambda sample: sample.name)
def test_comments_change_nothing(sample: Sample) -> None:
    start_tag = rb"<(?!script|style|textarea|title)[a-z](?:[^>\"]|\"[^\"]*\")*>"
    commented = re.sub(start_tag, rb"\g<0><!-- of no account -->", sample.body)
    assert read_page(commented, sample.shop) == read_page(sample.body, sample.shop)


def test_cards_alone_make_a_listing_of_which_nothing_more_is_known() -> None:
    page = read(card() + card(asin="B000000002", more="AdHolder"))
    assert page.kind is Kind.LISTING
    assert [(p.asin, p.sponsored) for p in page.products] == [
        ("B000000001", False),
        ("B000000002", True),
    ]
    assert (page.first, page.total, page.page, page.has_next) == (None, None, None, False)
    assert page.location == ""


def test_placeholders_and_carousels_are_no_results() -> None:
    page = read(card(asin="") + '<div data-asin="B000000009"></div>' + card())
    assert [p.asin for p in page.products] == ["B000000001"]


@pytest.mark.parametrize(
    ("headings", "title", "brand"),
    [
        ('<a href="#"><h2 aria-label="Lamp"><span>Lamp</span></h2></a>', "Lamp", None),
        ('<h2 class="a-size-mini"><a href="#"><span>Old Lamp</span></a></h2>', "Old Lamp", None),
        (
            '<h2 class="a-size-mini"><span>Maker</span></h2>'
            '<a href="#"><h2 aria-label="Lamp"><span>Lamp</span></h2></a>',
            "Lamp",
            "Maker",
        ),
        (
            '<a href="#"><h2 aria-label="Lamp"><span>Lamp</span></h2></a>'
            '<h2 class="a-text-bold">Certified</h2>',
            "Lamp",
            None,
        ),
        (
            '<h2 class="a-size-mini"><span>Maker</span></h2>'
            '<h2 class="a-size-base"><a href="#">Lamp</a></h2>',
            "Lamp",
            "Maker",
        ),
        (
            '<a href="#"><h2 aria-label="Sponsored Ad – Lamp 2"><span>Lamp 2</span></h2></a>',
            "Lamp 2",
            None,
        ),
        ('<a href="#"><h2 aria-label="Anuncio patrocinado: Lamp"></h2></a>', "Lamp", None),
        ('<a href="#"><h2 aria-label="スポンサー広告 - ランプ"></h2></a>', "ランプ", None),
        ("", None, None),
    ],
)
def test_title_and_brand(headings: str, title: str | None, brand: str | None) -> None:
    found = product(headings)
    assert (found.title, found.brand) == (title, brand)


UNIT = (
    '<span>(<span class="a-price a-text-price"><span class="a-offscreen">$1.10</span>'
    '<span aria-hidden="true">$1.10</span></span>/100 ml)</span>'
)
OFFER = (
    '<div data-cy="secondary-offer-recipe">No featured offers<br>'
    '<span class="a-color-base">$45.99</span><a href="#">(3 used & new offers)</a></div>'
)


def test_the_main_price_is_neither_list_unit_nor_other_sellers_price() -> None:
    found = product(UNIT + STRUCK.format("$20.00") + PRICE.format("$12.50") + OFFER)
    assert (found.price, found.price_cents, found.currency) == ("$12.50", 1250, "AUD")
    assert found.list_price_cents == 2000
    assert found.unit_price == "$1.10/100 ml"
    assert (found.offer_price_cents, found.offer_count) == (4599, 3)


def test_another_sellers_offer_is_not_the_price() -> None:
    boxed = OFFER.replace('<span class="a-color-base">$45.99</span>', PRICE.format("$45.99"))
    for offer in (OFFER, boxed):
        found = product(offer)
        assert (found.price, found.price_cents) == (None, None)
        assert found.offer_price_cents == 4599


def test_a_price_without_words_for_screen_readers_is_read_from_its_parts() -> None:
    parts = (
        '<span class="a-price"><span class="a-offscreen"> </span><span aria-hidden="true">'
        '<span class="a-price-symbol">$</span><span class="a-price-whole">1,029'
        '<span class="a-price-decimal">.</span></span><span class="a-price-fraction">05</span>'
        "</span></span>"
    )
    assert product(parts).price_cents == 102905


def test_an_instalment_is_no_unit_price() -> None:
    unstruck = PRICE.replace('"a-price"', '"a-price a-text-price"').format("R$ 5")
    text = f"<div>em até 10x de {unstruck}</div>"
    assert product(text, "amazon.com.br").unit_price is None


@pytest.mark.parametrize(
    ("alt", "stars"),
    [
        ("4.3 out of 5 stars", 4.3),
        ("4,3 von 5 Sternen", 4.3),
        ("5つ星のうち4.0", 4.0),
        ("5 yıldız üzerinden 4,4", 4.4),
        ("5.0 out of 5 stars", 5.0),
    ],
)
def test_rating(alt: str, stars: float) -> None:
    found = product(f'<i class="a-icon a-star-mini-4"><span class="a-icon-alt">{alt}</span></i>')
    assert found.rating == stars


@pytest.mark.parametrize(
    ("inner", "count"),
    [
        ('<div data-cy="reviews-block"><a aria-label="1,739 ratings">(1.7K)</a></div>', 1739),
        ('<div data-cy="reviews-block"><a aria-label="2,097 レーティング"></a></div>', 2097),
        ('<span aria-label="1.213"><a>(1.213)</a></span>', 1213),
        (
            '<div data-cy="reviews-block"><a aria-label="4.3 out of 5 stars"></a>'
            '<a aria-label="1 rating"></a></div>',
            1,
        ),
        ('<div data-cy="reviews-block"><a>(1.7K)</a></div>', None),
        ('<span aria-label="Only 4 left in stock."></span>', None),
    ],
)
def test_review_count_is_exact_or_absent(inner: str, count: int | None) -> None:
    assert product(inner).review_count == count


@pytest.mark.parametrize(
    ("inner", "in_stock"),
    [
        ('<span class="a-color-price">Only 7 left in stock - order soon.</span>', True),
        ('<span class="a-color-price">Nur noch 3 auf Lager</span>', True),
        ('<span class="a-color-price">残り1点 ご注文はお早めに</span>', True),
        ('<span class="a-color-secondary">Currently unavailable.</span>', False),
        ('<span class="a-color-price">Temporarily out of stock.</span>', False),
        ('<span class="a-color-base">FREE delivery</span>', None),
        ('<div data-cy="delivery-recipe"><span>Only 2 left in stock</span></div>', True),
        (
            '<div data-cy="delivery-recipe">FREE delivery Mon</div>'
            '<div data-cy="multi-offer-display" class="a-color-base">Only 1 left in stock</div>',
            None,
        ),
    ],
)
def test_in_stock(inner: str, in_stock: bool | None) -> None:
    assert product(inner).in_stock is in_stock


def test_prime_by_icon_or_by_words() -> None:
    assert product('<i class="a-icon a-icon-prime"></i>').is_prime is True
    assert product('<div data-cy="delivery-recipe">Join Prime to get it</div>').is_prime is True
    assert product('<div data-cy="delivery-recipe">Delivery Monday</div>').is_prime is None


STRIP = '<span class="s-pagination-strip">{}</span>'
ITEM = '<{tag} class="s-pagination-item {more}">{text}</{tag}>'


def item(text: str, more: str = "", tag: str = "a") -> str:
    return ITEM.format(text=text, more=more, tag=tag)


@pytest.mark.parametrize(
    ("parts", "page", "last_page", "has_next"),
    [
        (
            item("Previous", "s-pagination-previous s-pagination-disabled", "span")
            + item("1", "s-pagination-selected", "span")
            + item("2")
            + item("20", "s-pagination-disabled", "span")
            + item("Next", "s-pagination-next"),
            1,
            20,
            True,
        ),
        (
            item("1", "s-pagination-selected", "span")
            + item("2")
            + item("Next", "s-pagination-next"),
            1,
            2,
            True,
        ),
        (
            item("1")
            + item("2", "s-pagination-selected", "span")
            + item("Next", "s-pagination-next s-pagination-disabled", "span"),
            2,
            2,
            False,
        ),
    ],
)
def test_strip(parts: str, page: int, last_page: int, has_next: bool) -> None:
    found = read(card() + STRIP.format(parts))
    assert (found.page, found.last_page, found.has_next) == (page, last_page, has_next)


def test_the_strip_of_pages_before_2021() -> None:
    found = read(
        card()
        + '<ul class="a-pagination"><li class="a-selected"><a>2</a></li><li><a>3</a></li>'
        + '<li class="a-disabled">9</li><li class="a-last"><a href="#">Next</a></li></ul>'
    )
    assert (found.page, found.last_page, found.has_next) == (2, 9, True)


RAIL = '<div id="s-refinements">{}</div>'
SUMMARY = '<div id="s-refinements-a11y-summary">{}</div>'
CHOSEN = '<li id="{}"><a aria-current="true"><span>{}</span></a></li>'
OFFERED = '<li id="{}"><a aria-label="Apply {} filter"><span>{}</span></a></li>'


def test_the_rail_tells_chosen_from_offered() -> None:
    page = read(
        card()
        + RAIL.format(
            SUMMARY.format("Selected filters: Lamps, Makers, Inc., $40–$630+")
            + '<div id="p_123-title">Brands</div>'
            + CHOSEN.format("p_123/5", "Makers, Inc.")
            + OFFERED.format("p_90/77", "Get It by Tomorrow", "Get It by Tomorrow")
            + '<li id="n/11"><a href="#">Home</a></li>'
            + '<li id="n/22"><span class="a-text-bold">Lamps</span></li>'
        )
    )
    assert page.node_applied == "22"
    applied = [(r.term, r.label, r.group) for r in page.filters_applied]
    assert applied == [
        ("p_123:5", "Makers, Inc.", "Brands"),
        ("n:22", "Lamps", None),
        (None, "$40–$630+", None),
    ]
    assert [r.term for r in page.filters_offered] == ["p_90:77", "n:11"]
    assert page.price_applied == PriceRange(4000, 63000, True)


def test_the_department_box_names_the_node_where_the_rail_does_not() -> None:
    box = '<select id="searchDropdownBox"><option selected value="node=33">x</option></select>'
    assert read(card() + box).node_applied == "33"
    assert read(card() + box.replace("node=33", "search-alias=aps")).node_applied is None


def test_a_colour_swatch_is_no_filter() -> None:
    swatch = '<ul><li id="c/1"><a aria-current="true">Black</a></li></ul>'
    page = read(card(swatch) + RAIL.format(SUMMARY.format("No selected filters")))
    assert page.filters_applied == []


def test_the_delivery_line_is_both_halves() -> None:
    page = read(
        '<span id="glow-ingress-line1">Delivering to Bray Park 4500\u200c</span>'
        '<span id="glow-ingress-line2"> Update\n location </span>' + card()
    )
    assert page.location == "Delivering to Bray Park 4500 Update location"


def test_no_card_and_no_word_about_it_is_unknown() -> None:
    assert read('<div id="s-refinements"></div>').kind is Kind.UNKNOWN
    assert read("").kind is Kind.UNKNOWN


def test_an_inverted_range_is_past_the_end() -> None:
    words = "<h2><span>321-306 of over 30,000</span></h2>"
    bar = f'<span data-component-type="s-result-info-bar">{words}</span>'
    assert read(bar + card(more="AdHolder")).kind is Kind.PAST_THE_END


def test_a_landing_page_is_browse() -> None:
    link = '<link rel="canonical" href="https://www.amazon.com/x/b?ie=UTF8&amp;node=17">'
    said = "<span>1-12 of over 7,000 results</span>"
    bar = f'<span data-component-type="s-result-info-bar">{said}</span>'
    deal = '<div data-asin="B000000001" class="deal"><a href="/dp/B000000001">Lamp</a></div>'
    for inner in ("", bar + deal):
        page = read(link + inner)
        assert (page.kind, page.products, page.node_applied) == (Kind.BROWSE, [], "17")


@pytest.mark.parametrize("charset", ["shift_jis", "euc-jp"])
def test_another_encoding_is_honoured(charset: str) -> None:
    html = f'<meta charset="{charset}">' + card('<h2><a href="#">ランプ</a></h2>')
    declared = {"content-type": f"text/html; charset={charset}"}
    for headers in (declared, None):
        page = read_page(html.encode(charset), DOMAINS["amazon.co.jp"], headers=headers)
        assert page.products[0].title == "ランプ"


def test_foreign_money_is_the_pages_currency() -> None:
    page = read(card(PRICE.format("VND 756,476")) + card(PRICE.format("VND 1"), "B000000002"))
    assert page.currency == "VND"
    symbol = '<span class="icp-currency-symbol">₹</span>'
    assert read(card() + symbol).currency == "INR"


def test_nodes_below_the_chosen_one_are_those_indented_deeper() -> None:
    items = (
        '<li id="n/1"><a href="#">Home</a></li>'
        '<li id="n/2" class="a-spacing-micro s-navigation-indent-1">'
        '<span class="a-text-bold">Lighting</span></li>'
        '<li id="n/3" class="s-navigation-indent-2"><a href="#">Lamps</a></li>'
        '<li id="n/4" class="s-navigation-indent-2"><a href="#">Bulbs</a></li>'
        '<li id="n/5" class="s-navigation-indent-1"><a href="#">Candles</a></li>'
    )
    page = read_page(f'<div id="s-refinements"><ul>{items}</ul></div>'.encode(), AU)
    assert page.nodes_below == ["3", "4"]
    assert page.node_applied == "2"


@pytest.mark.parametrize(
    "chooser",
    [
        '<div class="s-color-swatch-container">red</div>',
        '<div data-cy="swatches" class="s-color-swatch-container">red</div>',
        '<span class="s-variation-options-text">3 sizes</span>',
        '<a class="s-variations-options-link" href="#">3 sizes</a>',
        '<span class="s-variations-options-link">3 sizes</span>',
    ],
)
def test_choosers_of_colour_or_size(chooser: str) -> None:
    assert product(chooser).is_variant is True
    assert product("").is_variant is None
