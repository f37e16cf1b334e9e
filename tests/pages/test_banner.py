"""Messages above the results."""

import pytest

from category_crawler.pages import Kind
from category_crawler.pages.banner import CorrectedQuery
from tests.pages.pieces import card, read

BANNER = '<div cel_widget_id="{}-1"><span>{}</span></div>'
BAR = (
    '<span data-component-type="s-result-info-bar"><h2><span>1-16 of 60 results for</span></h2>'
    "</span>"
)
IDS = ["MAIN-MESSAGING", "MAIN-TOP_BANNER_MESSAGE"]


@pytest.mark.parametrize("widget", IDS)
@pytest.mark.parametrize(
    "said",
    [
        "No results for lamps",
        "Keine Ergebnisse für Lampen",
        "Aucun résultat pour lampes",
        "Nessun risultato per",
        "No hay resultados para",
        "Nenhum resultado para",
        "検索に一致する商品はありませんでした",
        "Inga resultat för",
        "Brak wyników dla",
        "Geen resultaten voor",
    ],
)
def test_an_empty_listing_says_so_and_its_suggestions_are_no_results(
    widget: str, said: str
) -> None:
    page = read(BANNER.format(widget, said) + card())
    assert page.kind is Kind.NO_RESULTS
    assert page.products == []
    assert page.message == said


@pytest.mark.parametrize("widget", IDS)
def test_an_ordinary_banner_does_not_empty_a_listing(widget: str) -> None:
    page = read(BANNER.format(widget, "Results") + card())
    assert page.kind is Kind.LISTING
    assert page.corrected_query is None


@pytest.mark.parametrize(
    ("said", "asked", "shown"),
    [
        ("Showing results for <a>whisky</a>. Search instead for <a>wisky</a>", "wisky", "whisky"),
        (
            "Showing results for <a>desk lamp</a><br>Search instead for <a>dsek lamp</a>",
            "dsek lamp",
            "desk lamp",
        ),
        ("Ergebnisse für Lampe. Suche stattdessen nach Lamqe", "Lamqe", "Lampe"),
        ("Mostrando resultados de lámpara. Buscar en su lugar lanpara", "lanpara", "lámpara"),
        ("「ランプ」の検索結果を表示しています。代わりに「ランブ」で検索", "ランブ", "ランプ"),
    ],
)
def test_a_corrected_query_is_told(said: str, asked: str, shown: str) -> None:
    page = read(BANNER.format("MAIN-MESSAGING", said) + BAR + card())
    assert page.kind is Kind.LISTING
    assert page.corrected_query == CorrectedQuery(asked, shown)
