"""The day of a delivery promise, in the words of the shops."""

from datetime import UTC, date, datetime

import pytest

from category_crawler.domain_config import DOMAINS
from category_crawler.pages.delivery_date import promised_by

# The words are those of real pages of 2023 to 2026, shortened.
PROMISES = [
    (
        "amazon.ca",
        "2026-08-12",
        "FREE delivery Sun, Aug 16 Or fastest delivery Tomorrow, Aug 13",
        "2026-08-13",
    ),
    ("amazon.com", "2026-11-30", "Delivery Wed, Dec 3 Ships to Canada", "2026-12-03"),
    ("amazon.com", "2026-08-30", "FREE delivery Aug 31 - Sep 2", "2026-09-02"),
    ("amazon.com", "2026-08-10", "FREE delivery Aug 16 - 18", "2026-08-18"),
    (
        "amazon.com",
        "2026-08-16",
        "Join Prime to get it Tomorrow, Aug 17 Or Non-members get FREE delivery Fri, Aug 21",
        "2026-08-21",
    ),
    ("amazon.com", "2026-08-16", "FREE delivery Overnight 4 AM - 8 AM", "2026-08-16"),
    (
        "amazon.co.uk",
        "2026-05-31",
        "FREE delivery 4 - 5 Jun Arrives before Father's Day",
        "2026-06-05",
    ),
    ("amazon.co.uk", "2026-08-31", "FREE delivery Thu, 3 Sep", "2026-09-03"),
    ("amazon.com.au", "2026-12-29", "FREE delivery Sat, 2 Jan", "2027-01-02"),
    ("amazon.com.au", "2026-11-26T20:30", "FREE delivery Tomorrow", "2026-11-28"),
    (
        "amazon.in",
        "2026-04-02",
        "FREE delivery starting from as soon as Sat, 5 Apr, 10 am - 2 pm",
        "2026-04-05",
    ),
    (
        "amazon.com.br",
        "2026-06-16",
        "Entrega GRÁTIS: Amanhã, 17 de jun. no seu primeiro pedido",
        "2026-06-17",
    ),
    ("amazon.com.br", "2026-06-16", "Entrega R$ 8,90: 1 - 8 de jul.", "2026-07-08"),
    ("amazon.com.br", "2026-06-16", "Ou entrega mais rápida: Hoje 16:00 - 18:59", "2026-06-16"),
    (
        "amazon.com.br",
        "2026-06-16",
        "Entrega GRÁTIS: ter., 25 de ago. Este produto será lançado em 21/Agosto/2026.",
        "2026-08-25",
    ),
    (
        "amazon.de",
        "2026-05-10",
        "GRATIS Lieferung Do., 14. Mai Wird versendet nach Litauen",
        "2026-05-14",
    ),
    ("amazon.de", "2026-05-10", "Lieferung für 11,48 € 18. - 23. Mai", "2026-05-23"),
    ("amazon.de", "2026-02-27", "GRATIS Lieferung Mo., 2. März", "2026-03-02"),
    (
        "amazon.es",
        "2026-11-07",
        "Entrega GRATIS el mar, 11 de nov Entrega más rápida el sáb, 8 de nov",
        "2026-11-08",
    ),
    ("amazon.es", "2026-11-07", "Entrega por 5 € entre el 25 de nov - 1 de dic", "2026-12-01"),
    ("amazon.it", "2026-11-07", "Consegna GRATUITA mar 11 nov", "2026-11-11"),
    ("amazon.fr", "2026-11-07", "Livraison GRATUITE mar. 11 nov.", "2026-11-11"),
    ("amazon.co.jp", "2026-04-21", "無料配送 4月24日-25日 にお届け", "2026-04-25"),
    ("amazon.co.jp", "2026-04-21", "無料配送 4月30日-5月2日 にお届け", "2026-05-02"),
    (
        "amazon.co.jp",
        "2026-04-21",
        "無料配送 5月8日 金曜日 この商品の発売予定日は2026年5月7日です。",
        "2026-05-08",
    ),
    ("amazon.co.jp", "2026-04-21", "無料配送 明日 にお届け", "2026-04-22"),
]


@pytest.mark.parametrize(("domain", "seen", "words", "day"), PROMISES)
def test_the_last_day_of_the_fastest_promise(domain: str, seen: str, words: str, day: str) -> None:
    at = datetime.fromisoformat(seen if "T" in seen else f"{seen}T12:00").replace(tzinfo=UTC)
    assert promised_by(words, DOMAINS[domain], at) == date.fromisoformat(day)


@pytest.mark.parametrize(
    ("domain", "words"),
    [
        ("amazon.com", "May ship from abroad"),
        ("amazon.com", ""),
        ("amazon.com.br", "Disponível instantaneamente"),
        ("amazon.co.jp", "招待された方のみご購入いただけます"),
        ("amazon.com.au", "FREE delivery 31 Feb"),
    ],
)
def test_words_without_a_day(domain: str, words: str) -> None:
    assert promised_by(words, DOMAINS[domain], datetime(2026, 3, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize("shop", DOMAINS.values(), ids=DOMAINS)
def test_every_shop_has_words_and_a_time_zone(shop: object) -> None:
    seen = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert promised_by("?", shop, seen) is None  # type: ignore[arg-type]
