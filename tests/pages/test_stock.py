"""What a card says about its stock, in every known language."""

import pytest

from category_crawler.domain_config import DOMAINS
from category_crawler.pages import read_page

CARD = (
    '<div data-component-type="s-search-result" data-asin="B000000001">'
    '<span class="a-color-price">{}</span></div>'
)


def in_stock(words: str) -> bool | None:
    page = read_page(CARD.format(words).encode(), DOMAINS["amazon.com"])
    return page.products[0].in_stock


@pytest.mark.parametrize(
    "words",
    [
        *("Only 7 left in stock", "Nur noch 3 auf Lager", "Il ne reste plus que 2 en stock"),
        *("Em estoque", "Disponibilità: solo 3", "Nog 2 op voorraad", "3 kvar i lager", "残り3点"),
        *("2 w magazynie", "Stokta 5 adet", "تبقى 2 فقط في المخزون", "IN STOCK"),
    ],
)
def test_in_stock(words: str) -> None:
    assert in_stock(words) is True


@pytest.mark.parametrize(
    "words",
    [
        *("Currently unavailable", "out of stock", "Nicht verfügbar", "Indisponible", "在庫切れ"),
        *("Non disponibile", "No disponible", "Indisponível", "Não disponível", "Stokta yok"),
        *("Niet op voorraad", "niet verkrijgbaar", "niet beschikbaar", "Inte tillgänglig"),
        *("Niedostępny", "Mevcut değil", "غير متوفر", "CURRENTLY UNAVAILABLE"),
    ],
)
def test_out_of_stock(words: str) -> None:
    assert in_stock(words) is False


@pytest.mark.parametrize(
    "words",
    [
        *("Back in stock on 5 December", "In stock soon", "Was in stock", "In stock on Dec 12"),
        *("Will be in stock again", "Not in stock", "Bald wieder auf Lager", "En stock le 5 mai"),
        *("Bientôt en stock", "Pronto en stock", "Em estoque em breve", "Weer op voorraad"),
        *("Snart i lager", "Wkrótce w magazynie", "Yakında stokta", "入荷予定"),
    ],
)
def test_stock_of_the_future_or_the_past_is_none(words: str) -> None:
    assert in_stock(words) is False


@pytest.mark.parametrize("words", ["FREE delivery", "Stocking filler", "Lagerregal", "In stocking"])
def test_no_word_of_it(words: str) -> None:
    assert in_stock(words) is None
