"""The result bar in every marketplace's language."""

import pytest

from category_crawler.pages.result_bar import ResultBar, read_result_bar


@pytest.mark.parametrize(
    ("text", "first", "last", "total", "is_rounded"),
    [
        ("1-24 of over 4,000 results for", 1, 24, 4000, True),
        ("25-48 of 138 results", 25, 48, 138, False),
        ("1-16 of 950 results for “ipad 10-11”", 1, 16, 950, False),
        ('1-48 of over 10,000 results for "2-in-1 5000"', 1, 48, 10000, True),
        ("16 results for", 1, 16, 16, False),
        ("one result for", 1, 1, 1, False),
        ("1 result", 1, 1, 1, False),
        ("321-306 of over 30,000 results", 321, 306, 30000, True),
        ("1,009-1,032 of over 100,000 results", 1009, 1032, 100000, True),
        ("1-16 von 833 Ergebnissen oder Vorschlägen", 1, 16, 833, False),
        ("1-16 von mehr als 50.000 Ergebnissen", 1, 16, 50000, True),
        ("1-24 sur plus de 1\u202f000 résultats", 1, 24, 1000, True),
        ("1-24 sur plus de 20 000 résultats", 1, 24, 20000, True),
        ("1-48 dei più di 50.000 risultati in", 1, 48, 50000, True),
        ("1-48 de más de 2.000 resultados", 1, 48, 2000, True),
        ("1-48 de mais de 400.000 resultados", 1, 48, 400000, True),
        ("1-24 van meer dan 4.000 resultaten", 1, 24, 4000, True),
        ("1–24 av över 4\u00a0000 resultat", 1, 24, 4000, True),
        ("1-24 z ponad 4 000 wyników", 1, 24, 4000, True),
        ("10.000 üzeri sonuç arasından 1-24 arası gösteriliyor", 1, 24, 10000, True),
        ("138 sonuç arasından 1-24 arası gösteriliyor", 1, 24, 138, False),
        ("検索結果 6,000 以上 のうち 1-24件", 1, 24, 6000, True),
        ("検索結果 82 のうち 1-24件", 1, 24, 82, False),
        ("検索結果 16件", 1, 16, 16, False),
        ("1-24 من أكثر من 4,000 نتيجة", 1, 24, 4000, True),
        ("١-٢٤ من أكثر من ٤٬٠٠٠ نتيجة", 1, 24, 4000, True),
        ("1-24 of over 1,00,000 results", 1, 24, 100000, True),
        ("Ein Ergebnis für", 1, 1, 1, False),
        ("", None, None, None, False),
        (None, None, None, None, False),
        ("Sort by: Featured", None, None, None, False),
    ],
)
def test_read_result_bar(
    text: str | None, first: int | None, last: int | None, total: int | None, is_rounded: bool
) -> None:
    assert read_result_bar(text) == ResultBar(first, last, total, is_rounded)


def test_an_inverted_range_is_past_the_end() -> None:
    assert read_result_bar("321-306 of over 30,000").is_inverted
    assert not read_result_bar("1-24 of 100").is_inverted
