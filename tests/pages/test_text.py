"""The text of a page as a visitor sees it."""

import sys
import unicodedata

import pytest

from category_crawler.pages.text import clean, plain_digits


def test_every_digit_of_every_script_becomes_an_ascii_digit() -> None:
    for char in map(chr, range(sys.maxunicode + 1)):
        value = unicodedata.decimal(char, None)
        if value is not None:
            assert plain_digits(f"{char}") == str(value), f"U+{ord(char):04X}"


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("١٬٢٣٤٫٥٠", "1,234.50"),
        ("１，２３４．５０－９", "1,234.50-9"),
        ("٣، ٤", "3, 4"),
        ("3,8 de 5 estrelas, classificação – 10 €", "3,8 de 5 estrelas, classificação – 10 €"),
    ],
)
def test_separators_are_written_plainly_and_other_signs_stay(written: str, plain: str) -> None:
    assert plain_digits(written) == plain


@pytest.mark.parametrize("mark", "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e")
def test_marks_that_nobody_sees_are_gone(mark: str) -> None:
    assert clean(f"{mark}Deliver{mark}ing \n to{mark}  Aldie{mark}") == "Delivering to Aldie"


@pytest.mark.parametrize("mark", "\u2060\ufeff\u00ad")
def test_joiners_and_soft_hyphens_are_gone_too(mark: str) -> None:
    assert clean(f"$12{mark}.50") == "$12.50"
