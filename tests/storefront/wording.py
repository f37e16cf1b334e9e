"""The shop's texts, in the languages of its marketplaces."""

from dataclasses import dataclass

from category_crawler.domain_config import Marketplace

_SYMBOLS = {
    "AUD": "$", "USD": "$", "CAD": "$", "SGD": "S$", "MXN": "$", "GBP": "£", "INR": "₹",
    "JPY": "￥", "BRL": "R$\u00a0", "EUR": "€",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wording:
    """The texts of one language; ``{}`` are placeholders."""

    results: str = "{first}-{last} of {over}{total} results"
    one_page: str = "{total} results"
    over: str = "over "
    thousands: str = ","
    decimal: str = "."
    symbol_behind: bool = False
    next: str = "Next"
    previous: str = "Previous"
    delivering: str = "Delivering to {place}"
    update: str = "Update location"
    deliver: str = "Deliver to"
    selected: str = "Selected filters: {}"
    none_selected: str = "No selected filters"
    no_results: str = "No results for"
    advertisement: str = "Sponsored Ad – "
    stars: str = "{} out of 5 stars"
    ratings: str = "{} ratings"
    free_delivery: str = "FREE delivery {}"
    tomorrow: str = "Tomorrow"
    list_price: str = "List:"
    no_offers: str = "No featured offers available"
    new_offers: str = "({} new offers)"
    remove: str = "Remove {} filter to expand results"
    apply: str = "Apply {} filter to narrow results"


_EN = Wording()
_WORDINGS = {
    "en": _EN,
    "de": Wording(
        results="{first}-{last} von {over}{total} Ergebnissen oder Vorschlägen",
        one_page="{total} Ergebnisse",
        over="mehr als ",
        thousands=".",
        decimal=",",
        symbol_behind=True,
        next="Weiter",
        previous="Zurück",
        delivering="Lieferung nach {place}",
        update="Standort aktualisieren",
        deliver="Liefern nach",
        selected="Ausgewählte Filter: {}",
        none_selected="Keine ausgewählten Filter",
        no_results="Keine Ergebnisse für",
        advertisement="Gesponserte Anzeige – ",
        stars="{} von 5 Sternen",
        ratings="{} Bewertungen",
    ),
    "fr": Wording(
        results="{first}-{last} sur {over}{total} résultats",
        one_page="{total} résultats",
        over="plus de ",
        thousands="\u202f",
        decimal=",",
        symbol_behind=True,
        next="Suivant",
        delivering="Livraison à {place}",
        selected="Filtres sélectionnés : {}",
        none_selected="Aucun filtre sélectionné",
        no_results="Aucun résultat pour",
        stars="{} sur 5 étoiles",
        ratings="{} évaluations",
    ),
    "es": Wording(
        results="{first}-{last} de {over}{total} resultados",
        one_page="{total} resultados",
        over="más de ",
        thousands=".",
        decimal=",",
        symbol_behind=True,
        next="Siguiente",
        delivering="Entrega en {place}",
        selected="Filtros seleccionados: {}",
        none_selected="No hay filtros seleccionados",
        no_results="No hay resultados para",
        advertisement="Anuncio patrocinado: ",
        stars="{} de 5 estrellas",
        ratings="{} calificaciones",
    ),
    "it": Wording(
        results="{first}-{last} dei {over}{total} risultati",
        one_page="{total} risultati",
        over="più di ",
        thousands=".",
        decimal=",",
        symbol_behind=True,
        delivering="Consegna a {place}",
        selected="Filtri selezionati: {}",
        none_selected="Nessun filtro selezionato",
        no_results="Nessun risultato per",
        stars="{} su 5 stelle",
        ratings="{} voti",
    ),
    "pt": Wording(
        results="{first}-{last} de {over}{total} resultados",
        one_page="{total} resultados",
        over="mais de ",
        thousands=".",
        decimal=",",
        next="Próximo",
        delivering="A entrega será feita em {place}",
        update="Atualizar CEP",
        selected="Filtros selecionados: {}",
        none_selected="Nenhum filtro selecionado",
        no_results="Nenhum resultado para",
        stars="{} de 5 estrelas",
        ratings="{} classificações",
    ),
    "ja": Wording(
        results="検索結果 {total} {over}のうち {first}-{last}件",
        one_page="検索結果 {total}件",
        over="以上 ",
        next="次へ",
        delivering="お届け先: {place}",
        update="場所を更新する",
        selected="選択されたフィルター: {}",
        none_selected="選択されたフィルターはありません",
        no_results="検索に一致する商品はありませんでした",
        advertisement="スポンサー広告 - ",
        stars="5つ星のうち{}",
        ratings="{} レーティング",
    ),
}


def wording_of(shop: Marketplace) -> Wording:
    """The texts of a marketplace's language; English if the shop has no translation."""
    return _WORDINGS.get(shop.language[:2], _EN)


def grouped(number: int, words: Wording) -> str:
    """A whole number with the language's thousands separator."""
    return f"{number:,}".replace(",", words.thousands)


def money(cents: int, currency: str, words: Wording) -> str:
    """An amount as the shop shows it."""
    if currency == "JPY":
        return whole_money(cents, currency, words)
    whole, fraction = divmod(cents, 100)
    return _with_symbol(f"{grouped(whole, words)}{words.decimal}{fraction:02d}", currency, words)


def whole_money(cents: int, currency: str, words: Wording) -> str:
    """An amount in whole units, as the summary of filters shows it."""
    return _with_symbol(grouped(cents // 100, words), currency, words)


def _with_symbol(digits: str, currency: str, words: Wording) -> str:
    symbol = _SYMBOLS.get(currency)
    if words.symbol_behind:
        return f"{digits}\u00a0{symbol or currency}"
    return f"{symbol}{digits}" if symbol else f"{currency}\u00a0{digits}"
