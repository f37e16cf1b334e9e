"""Cards whose words or links belong to something else than the product's own offer."""

from typing import Any

import pytest

from tests.pages.pieces import PRICE, STRUCK, card, product, read

PRICE_PART = '<div data-cy="price-recipe">{}</div>'
LINKED = '<a href="/x/dp/{}/ref=sr_1_1">{}</a>'
OTHERS = '<div data-cy="multi-offer-display"><a href="#">Another way to buy</a>{}</div>'
OFFER = '<div data-cy="secondary-offer-recipe">{}</div>'
DELIVERY = '<div data-cy="delivery-recipe">{}</div>'
COUPON = '<span class="s-coupon-unclipped"><span>{}</span></span>'


def test_prices_of_other_editions_are_not_the_products() -> None:
    paperback = LINKED.format("0000000002", PRICE.format("$18.99") + STRUCK.format("$25.00"))
    own = LINKED.format("B000000001", PRICE.format("$9.99"))
    found = product(PRICE_PART.format(paperback + own))
    assert (found.price_cents, found.list_price_cents) == (999, None)
    found = product(PRICE_PART.format(own + paperback))
    assert (found.price_cents, found.list_price_cents) == (999, None)
    assert product(PRICE_PART.format(paperback)).price_cents is None


@pytest.mark.parametrize(
    "link",
    ["/sspa/click?url=%2Fx%2Fdp%2F{}%2Fref", "https://www.amazon.com.au/gp/product/{}", "/dp/{}"],
)
def test_a_link_to_the_product_itself_may_have_any_form(link: str) -> None:
    price = PRICE.format("$9.99")
    own = f'<a href="{link.format("B000000001")}">{price}</a>'
    other = f'<a href="{link.format("B000000002")}">{price}</a>'
    assert product(own).price_cents == 999
    assert product(other).price_cents is None


@pytest.mark.parametrize(
    ("domain", "free", "to_buy", "cents"),
    [
        ("amazon.com", "$0.00 Free with Kindle Unlimited membership", "Or $3.99 to buy", 399),
        ("amazon.es", "0,00 € con una suscripción Kindle Unlimited", "O 5,99 € por la compra", 599),
        ("amazon.com.br", "R$ 0,00 com assinatura Kindle", "Ou R$ 1,99 para comprar", 199),
        ("amazon.de", "0,00 € mit Kindle Unlimited", "Oder 3,99 € zum Kauf", 399),
        ("amazon.co.jp", "￥0 Kindle Unlimited会員", "または、￥1,399で購入", 139900),
        ("amazon.co.jp", "￥0 Kindle Unlimited会員", "または￥399で購入", 39900),
    ],
)
def test_a_members_price_is_not_the_price(domain: str, free: str, to_buy: str, cents: int) -> None:
    amount, _, words = free.partition(" ")
    if domain == "amazon.com.br":
        amount, words = "R$ 0,00", free.removeprefix("R$ 0,00 ")
    part = PRICE_PART.format(PRICE.format(amount) + f"<span>{words}</span>")
    for below in (OFFER.format(f'<span class="a-color-base">{to_buy}</span>'), f"<i>{to_buy}</i>"):
        found = product(part + below, domain)
        assert (found.price_cents, found.offer_price_cents) == (cents, None)
    assert product(part, domain).price_cents is None


def test_in_a_language_without_known_words_the_price_to_buy_is_the_other_one() -> None:
    part = PRICE_PART.format(PRICE.format("0,00 €") + "<span>Kindle Unlimited</span>")
    found = product(part + OFFER.format("<span>Tai osta hintaan 4,99 €</span>"), "amazon.de")
    assert (found.price_cents, found.offer_price_cents) == (499, None)
    sellers = '<span class="a-color-base">4,99 €</span><a href="#">(2 neue Angebote)</a>'
    found = product(part + OFFER.format(sellers), "amazon.de")
    assert (found.price_cents, found.offer_price_cents) == (None, 499)


def test_a_price_of_nothing_without_membership_stays() -> None:
    assert product(PRICE_PART.format(PRICE.format("$0.00"))).price_cents == 0


@pytest.mark.parametrize(
    "shown",
    [
        f'<span class="a-price-range">{PRICE}<span class="a-price-dash">-</span>{PRICE}</span>',
        f"{PRICE} - {PRICE}",
        f"<span>{PRICE}<span> – </span>{PRICE}</span>",
        PRICE.format("{} - {}"),
    ],
)
def test_a_range_has_two_ends(shown: str) -> None:
    found = product(PRICE_PART.format(shown.format("$29.99", "$35.99")))
    assert (found.price_cents, found.price_high_cents, found.price_is_from) == (2999, 3599, True)


@pytest.mark.parametrize("shown", [f"{PRICE} {PRICE}", f"{PRICE} or {PRICE}", PRICE])
def test_two_prices_are_no_range(shown: str) -> None:
    found = product(PRICE_PART.format(shown.format("$29.99", "$35.99")))
    assert (found.price_cents, found.price_high_cents, found.price_is_from) == (2999, None, None)


@pytest.mark.parametrize("word", ["From", "ab", "à partir de", "desde:", "vanaf"])
def test_a_price_from_which_others_rise(word: str) -> None:
    for shown in (f"<span>{word}</span> {PRICE}", f"<span>{word}</span><a href='#'>{PRICE}</a>"):
        found = product(PRICE_PART.format(shown.format("$5.00")))
        assert (found.price_cents, found.price_high_cents, found.price_is_from) == (500, None, True)


@pytest.mark.parametrize(
    ("parts", "cents"),
    [
        (("161", "49"), 16149),
        (("1.161", "49"), 116149),
        (("1,161", "49"), 116149),
        (("7", ""), 700),
    ],
)
def test_parts_without_a_decimal_mark(parts: tuple[str, str], cents: int) -> None:
    whole, fraction = parts
    shown = (
        '<span class="a-price"><span class="a-offscreen"></span><span aria-hidden="true">'
        f'<span class="a-price-symbol">$</span><span class="a-price-whole">{whole}</span>'
        f'<span class="a-price-fraction">{fraction}</span></span></span>'
    )
    assert product(shown).price_cents == cents


@pytest.mark.parametrize("words", ["(7,50 €/unidad)", "( 7,50 € / unidad )"])
@pytest.mark.parametrize("around", [PRICE_PART, "<div>{}</div>"])
def test_a_unit_price_in_plain_text(words: str, around: str) -> None:
    shown = around.format(LINKED.format("B000000001", PRICE.format("15,00 €")) + words)
    assert product(shown, "amazon.es").unit_price == "7,50 €/unidad"


def test_brackets_without_an_amount_are_no_unit_price() -> None:
    shown = PRICE_PART.format(PRICE.format("$15.00") + "(24/7 help) (38% off) (1/2 set)")
    assert product(shown).unit_price is None


@pytest.mark.parametrize(
    "words",
    ["Extra 10% off when you subscribe", "5% extra im Spar-Abo", "10 % en plus avec l'abonnement"],
)
def test_a_subscription_discount_is_no_coupon(words: str) -> None:
    found = product(PRICE_PART.format(COUPON.format(words)))
    assert (found.coupon, found.subscribe_discount) == (None, words)
    both = product(PRICE_PART.format(COUPON.format(words) + COUPON.format("Save $2 with coupon")))
    assert (both.coupon, both.subscribe_discount) == ("Save $2 with coupon", words)


@pytest.mark.parametrize(
    "words",
    [
        *("Save 5% on 2 select items", "Save $10.00 when you buy $50.00 of select items"),
        *(
            "Buy any 2, Save 5%",
            "Buy 3 items, get 5% off",
            "3 for 2",
            "15% off promotion available",
        ),
        *("Spare 5% beim Kauf von 2", "Ahorra un 5% en 2 productos", "2点で5%OFF"),
        "Promoção disponível de R$ 40,00 off",
    ],
)
def test_a_promotion_for_several_items(words: str) -> None:
    row = f'<div class="a-row"><span>{words}</span></div>'
    found = product(PRICE_PART.format(PRICE.format("$9.99") + row))
    assert (found.promotion, found.coupon) == (words, None)
    assert product(f"<div><div>{PRICE.format('$9.99')}</div>{row}</div>").promotion == words


@pytest.mark.parametrize(
    "words",
    ["Save 5% more with Subscribe & Save", "$13.27 with Subscribe & Save discount", "Save 23%"],
)
def test_what_is_no_promotion(words: str) -> None:
    assert product(PRICE_PART.format(f"<div>{words}</div>")).promotion is None


def test_another_way_to_buy_is_another_offer() -> None:
    offer = (
        PRICE.format("$5.00")
        + STRUCK.format("$8.00")
        + COUPON.format("Save 2% with coupon")
        + DELIVERY.format("Delivery Monday")
        + '<span class="a-color-price">Only 1 left in stock.</span>'
    )
    found = product(PRICE_PART.format("") + OTHERS.format(offer))
    own = (found.price_cents, found.list_price_cents, found.coupon, found.delivery, found.in_stock)
    assert own == (None, None, None, None, None)
    found = product(PRICE_PART.format(PRICE.format("$9.00")) + OTHERS.format(offer))
    assert (found.price_cents, found.list_price_cents) == (900, None)


@pytest.mark.parametrize(
    ("label", "badges"),
    [
        ("Best Seller", ["Best Seller"]),
        ("Çok Satan", ["Çok Satan"]),
    ],
)
def test_badges_since_2025(label: str, badges: list[str]) -> None:
    badge = (
        f'<div id="BEST_SELLER"><span class="rio-badge-label rio-x"><span>{label}</span></span>'
        '<span class="rio-badge-supplementary-text">in Teapots</span></div>'
    )
    assert product(badge).badges == badges
    deal = '<span class="a-badge-label"><span>Limited time deal</span></span>'
    assert product(badge + deal).badges == ["Limited time deal", *badges]


@pytest.mark.parametrize(
    ("inner", "delivery"),
    [
        ("FREE delivery <b>Mon</b> <span>Only 2 left in stock.</span>", "FREE delivery Mon"),
        ("<div>Only 2 left in stock - order soon.</div><div>FREE delivery</div>", "FREE delivery"),
        ("FREE delivery Mon Only 2 left in stock.", "FREE delivery Mon"),
        ("Only 2 left in stock. FREE delivery Mon", "FREE delivery Mon"),
        ("<span>明日にお届け</span><span>残り1点 ご注文はお早めに</span>", "明日にお届け"),
        ("<style>.a {color: red}</style>FREE delivery<script>var a = 1;</script>", "FREE delivery"),
        ("<span>Only 3 left in stock.</span>", None),
        ("FREE delivery Mon", "FREE delivery Mon"),
    ],
)
def test_the_delivery_promise_alone(inner: str, delivery: str | None) -> None:
    found = product(DELIVERY.format(inner))
    assert found.delivery == delivery
    assert found.in_stock is (True if "left in" in inner or "残り" in inner else None)


@pytest.mark.parametrize(
    "row",
    [
        '<div aria-label="Only 5 left in stock"></div>',
        '<div aria-label="Only 5 left in stock"><span>Only 5 left in stock</span></div>',
        '<span class="a-color-price">Only 5 left in stock</span>',
    ],
)
def test_stock_in_a_row_of_its_own(row: str) -> None:
    assert product(DELIVERY.format("FREE delivery Mon") + row).in_stock is True


def test_a_title_that_speaks_of_stock_says_nothing_of_the_stock() -> None:
    title = '<a href="#"><h2 aria-label="Only 5 left in stock" class="a-color-base">{}</h2></a>'
    inner = "<span class='a-color-base'>Only 5 left in stock</span>"
    assert product(title.format(inner)).in_stock is None


LABEL = '<a class="{}"><span>Sponsored</span></a>'


@pytest.mark.parametrize(
    ("inner", "more"),
    [
        ("", "AdHolder"),
        (LABEL.format("puis-label-popover puis-sponsored-label-text"), ""),
        (LABEL.format("s-label-popover s-sponsored-label-text"), ""),
        ('<a href="/sspa/click?url=x"><h2><span>Lamp</span></h2></a>', ""),
        ('<h2><a href="/gp/slredirect/picassoRedirect.html"><span>Lamp</span></a></h2>', ""),
        ('<a href="/sspa/click?x"><div><img class="s-image" src="x.jpg"></div></a>', ""),
        ('<a href="#"><h2 aria-label="Sponsored Ad - Lamp"><span>Lamp</span></h2></a>', ""),
    ],
)
def test_an_advertisement_by_class_label_or_link(inner: str, more: str) -> None:
    found: Any = read(card(inner, more=more)).products[0]
    assert found.sponsored is True


def test_an_ordinary_card_is_no_advertisement() -> None:
    inner = (
        '<a href="/dp/B000000001"><img class="s-image" src="x.jpg"></a>'
        '<a href="/dp/B000000001"><h2 aria-label="Lamp"><span>Lamp</span></h2></a>'
        '<a href="/sspa/click?related">Related</a>'
    )
    assert product(inner).sponsored is False
