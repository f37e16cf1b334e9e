"""Prices in every marketplace's format."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from category_crawler.pages.price import read_currency, read_price
from category_crawler.pages.price_range import PriceRange


@pytest.mark.parametrize(
    ("text", "own", "cents", "currency"),
    [
        ("$1,049.00", "USD", 104900, "USD"),
        ("$1,049.00", "AUD", 104900, "AUD"),
        ("$12.50", "EUR", 1250, "USD"),
        ("$.99", "USD", 99, "USD"),
        (",99 €", "EUR", 99, "EUR"),
        ("Rs.99", "INR", 9900, "INR"),
        ("Rs.500", "INR", 50000, "INR"),
        ("US$12.34", "AUD", 1234, "USD"),
        ("S$5.90", "SGD", 590, "SGD"),
        ("1.013,76 €", "EUR", 101376, "EUR"),
        ("1.013,76\u00a0€", "EUR", 101376, "EUR"),
        ("37,43 €", "EUR", 3743, "EUR"),
        ("€429.00", "EUR", 42900, "EUR"),
        ("€ 12,99", "EUR", 1299, "EUR"),
        ("R$ 75,83", "BRL", 7583, "BRL"),
        ("R$\u00a01.234,00", "BRL", 123400, "BRL"),
        ("￥24,800", "JPY", 2480000, "JPY"),
        ("¥1,234", "JPY", 123400, "JPY"),
        ("5,500円", "JPY", 550000, "JPY"),
        ("₹1,21,900", "INR", 12190000, "INR"),
        ("₹28.86", "INR", 2886, "INR"),
        ("₹118", "INR", 11800, "INR"),
        ("VND 756,476", "USD", 75647600, "VND"),
        ("VND\u202f1,830,134", "USD", 183013400, "VND"),
        ("17 499,00 kr", "SEK", 1749900, "SEK"),
        ("17\u00a0499,00\u00a0kr", "SEK", 1749900, "SEK"),
        ("1 234,56 zł", "PLN", 123456, "PLN"),
        ("1.234,56 TL", "TRY", 123456, "TRY"),
        ("R1 234,56", "ZAR", 123456, "ZAR"),
        ("R 1,234.00", "ZAR", 123400, "ZAR"),
        ("AED 1,299.00", "AED", 129900, "AED"),
        ("KWD 12.345", "USD", 1234, "KWD"),
        ("٢٩٩٫٠٠ ريال", "SAR", 29900, "SAR"),
        ("١٬٢٩٩٫٥٠ جنيه", "EGP", 129950, "EGP"),
        ("\u200e$29.99\u200b", "USD", 2999, "USD"),
        ("$\n29\n.99", "USD", 2999, "USD"),
        ("$10.00 - $25.00", "USD", 1000, "USD"),
        ("$0.00", "USD", 0, "USD"),
        ("£7", "GBP", 700, "GBP"),
    ],
)
def test_read_price(text: str, own: str, cents: int, currency: str) -> None:
    price = read_price(text, own)
    assert price is not None
    assert (price.cents, price.currency) == (cents, currency)


@pytest.mark.parametrize("text", [None, "", "Free", "$", "Currently unavailable"])
def test_no_number_is_no_price(text: str | None) -> None:
    assert read_price(text, "USD") is None


def test_the_display_keeps_its_form_without_invisible_marks() -> None:
    price = read_price("\u200e1.013,76\u00a0\u200b€ ", "EUR")
    assert price is not None
    assert price.text == "1.013,76 €"


def grouped(whole: int, mark: str) -> str:
    return f"{whole:,}".replace(",", mark)


def indian(whole: int) -> str:
    head, tail = divmod(whole, 1000)
    if not head:
        return str(whole)
    pairs = []
    while head:
        head, pair = divmod(head, 100)
        pairs.insert(0, f"{pair:02d}" if head else str(pair))
    return f"{','.join(pairs)},{tail:03d}"


FORMATS = {
    "${},.{}": ("USD", lambda w, f: f"${grouped(w, ',')}.{f:02d}"),
    "{}.,{} €": ("EUR", lambda w, f: f"{grouped(w, '.')},{f:02d} €"),
    "{} ,{} €": ("EUR", lambda w, f: f"{grouped(w, chr(0x202F))},{f:02d}\u00a0€"),
    "€{},.{}": ("EUR", lambda w, f: f"€{grouped(w, ',')}.{f:02d}"),
    "R$ {}.,{}": ("BRL", lambda w, f: f"R$ {grouped(w, '.')},{f:02d}"),
    "{} ,{} kr": ("SEK", lambda w, f: f"{grouped(w, ' ')},{f:02d} kr"),
    "₹ lakh": ("INR", lambda w, f: f"₹{indian(w)}.{f:02d}"),
}


@pytest.mark.parametrize("name", FORMATS)
@given(cents=st.integers(0, 10**10))
def test_any_printed_amount_reads_back(name: str, cents: int) -> None:
    currency, write = FORMATS[name]
    price = read_price(write(*divmod(cents, 100)), currency)
    assert price is not None
    assert (price.cents, price.currency) == (cents, currency)


@pytest.mark.parametrize("form", ["￥{}", "VND {}", "₹{}", "${}"])
@given(whole=st.integers(0, 10**10))
def test_any_whole_amount_reads_back(form: str, whole: int) -> None:
    price = read_price(form.format(f"{whole:,}"), "INR")
    assert price is not None
    assert price.cents == whole * 100


def test_words_that_look_like_codes_are_read_as_codes_only_alone() -> None:
    assert read_currency("FREE delivery", "AUD") is None
    assert read_currency("USB 3 LED", "AUD") is None
    assert read_currency("INR 5", "AUD") == "INR"


@pytest.mark.parametrize(
    ("label", "low", "high", "is_open"),
    [
        ("$40–$630+", 4000, 63000, True),
        ("$0–$500", 0, 50000, False),
        ("$1,000–$2,000", 100000, 200000, False),
        ("￥800–￥2,000", 80000, 200000, False),
        ("20 €–50 €", 2000, 5000, False),
        ("Up to $25", None, 2500, False),
        ("Under $25", None, 2500, False),
        ("$200 & Above", 20000, None, False),
        ("Bis 25 €", None, 2500, False),
        ("￥800以下", None, 80000, False),
    ],
)
def test_price_ranges_of_the_summary(
    label: str, low: int | None, high: int | None, is_open: bool
) -> None:
    assert PriceRange.read(label, "AUD") == PriceRange(low, high, is_open)


@pytest.mark.parametrize("label", ["4 Stars & Up", "Sun Protection", "54 to 55 in", "Up to 53 in"])
def test_other_labels_name_no_price(label: str) -> None:
    assert PriceRange.read(label, "USD") is None


@pytest.mark.parametrize(
    ("label", "own", "currency", "low"),
    [
        ("$40–$630+", "AUD", "AUD", 4000),
        ("US$40–US$630", "AUD", "USD", 4000),
        ("US$6.50–US$13", "JPY", "USD", 650),
        ("￥800–￥1,600", "JPY", "JPY", 80000),
        ("INR 1,000–INR 2,000", "USD", "INR", 100000),
    ],
)
def test_a_range_says_its_currency(label: str, own: str, currency: str, low: int) -> None:
    named = PriceRange.read(label, own)
    assert named is not None
    assert (named.currency, named.low) == (currency, low)


@pytest.mark.parametrize(
    ("shown", "asked", "matches"),
    [
        (PriceRange(4000, 63000, True), (4000, None), True),
        (PriceRange(4000, 63000, True), (4000, 100000), True),
        (PriceRange(4000, 63000, False), (4000, 100000), False),
        (PriceRange(0, 50000), (None, 50000), True),
        (PriceRange(0, 50000), (None, 49999), True),
        (PriceRange(1900, 2500), (1999, 2450), True),
        (PriceRange(2000, 2500), (1999, 2450), True),
        (PriceRange(2000, 2500), (3000, 2500), False),
        (PriceRange(None, 2500), (1000, 2500), False),
        (PriceRange(2000, None), (2000, 9000), False),
        (PriceRange(2000, None), (2000, None), True),
    ],
)
def test_a_range_matches_what_was_asked_to_the_whole_unit(
    shown: PriceRange, asked: tuple[int | None, int | None], matches: bool
) -> None:
    assert shown.matches(*asked) is matches
