"""Reads the messages above the results: that nothing matches, or that the query was corrected."""

import re
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser

from category_crawler.pages.text import spaced_text_of

# The id has begun with MAIN-MESSAGING since 2024-08 (SITE.md 9); headings have the same id.
_BANNERS = '[cel_widget_id^="MAIN-MESSAGING"], [cel_widget_id*="MAIN-TOP_BANNER_MESSAGE"]'
_NO_RESULTS = re.compile(
    r"no results for|did not match any|keine ergebnisse|aucun résultat|nessun risultato"
    r"|no hay resultados|no se han encontrado resultados|sin resultados|nenhum resultado"
    r"|geen resultaten|inga resultat|brak wyników|sonuç (?:bulunamadı|yok)"
    r"|一致する(?:商品|検索結果)(?:は|が)?ありません|検索結果はありません"
    r"|لا توجد نتائج|لم يتم العثور",
    re.IGNORECASE,
)
_CORRECTED = re.compile(
    r"(?:showing results for|ergebnisse für|résultats pour|risultati per"
    r"|resultados (?:de|para)|resultaten voor|resultat för|wyniki dla|sonuçlar gösteriliyor:?)"
    r"\s+(?P<shown>.+?)[.:]?\s+"
    r"(?:search instead for|suche stattdessen nach|stattdessen suchen nach|rechercher plutôt"
    r"|cerca invece|buscar en su lugar|pesquisar em vez disso|zoek in plaats daarvan naar"
    r"|sök istället efter|wyszukaj zamiast tego|bunun yerine şunu ara:?)"
    r"\s+(?P<asked>.+)"
    r"|(?P<shown_ja>\S+?)\s*の検索結果を表示しています[。.]?\s*(?:代わりに)?\s*(?P<asked_ja>\S+?)\s*[でを]検索",
    re.IGNORECASE,
)
_QUOTES = " .。?\"'“”„«»「」"


class CorrectedQuery(NamedTuple):
    """Search words that the site has replaced by what it takes for their right spelling."""

    asked: str
    shown: str
    """The words of which the page shows the results."""


def read_banners(tree: LexborHTMLParser) -> list[str]:
    """The texts of the messages, in page order."""
    texts = (spaced_text_of(node) for node in tree.css(_BANNERS))
    return [text for text in texts if text]


def no_results_message(banners: list[str]) -> str | None:
    """The message that nothing matches; None if there is none."""
    return next((text for text in banners if _NO_RESULTS.search(text)), None)


def corrected_query(banners: list[str]) -> CorrectedQuery | None:
    """What "Showing results for whisky. Search instead for wisky" says; None if nothing does."""
    for text in banners:
        if match := _CORRECTED.search(text):
            shown = match["shown"] or match["shown_ja"]
            asked = match["asked"] or match["asked_ja"]
            return CorrectedQuery(asked.strip(_QUOTES), shown.strip(_QUOTES))
    return None
