"""The delivery line names the postcode in every marketplace's format."""

import pytest

from category_crawler.delivery.delivery_line import names_postcode
from category_crawler.domain_config import DOMAINS


@pytest.mark.parametrize(
    ("domain", "postcode", "line", "named"),
    [
        ("amazon.com.au", "4500", "Delivering to Bray Park 4500 Update location", True),
        ("amazon.com.au", "4500", "Delivering to Bray Park 4500\u200c Update location", True),
        ("amazon.com.au", "4500", "Deliver to Bray Park 14500", False),
        ("amazon.com.au", "4500", "Deliver to Bray Park 4501", False),
        ("amazon.com.au", "4500", "Deliver to Turkey", False),
        ("amazon.com.au", "4500", "", False),
        ("amazon.com", "20105", "Delivering to Aldie 20105 Update location", True),
        ("amazon.com", "20105-1234", "Delivering to Aldie 20105 Update location", True),
        ("amazon.co.uk", "W127RJ", "Delivering to Fulham W12 Update location", True),
        ("amazon.co.uk", "W127RJ", "Delivering to London W12 7RJ Update location", True),
        ("amazon.co.uk", "W127RJ", "Delivering to London W1 Update location", False),
        ("amazon.ca", "M5V2T6", "Delivering to Toronto M5V 2T Update location", True),
        ("amazon.co.jp", "154-0011", "お届け先: 世田谷 154-0011 場所を更新する", True),
        ("amazon.co.jp", "1540011", "お届け先: 世田谷 154-0011 場所を更新する", True),
        ("amazon.com.br", "01319-900", "A entrega em Bela Vista 01319900 Atualizar CEP", True),
        ("amazon.nl", "1012AB", "Bezorgen in Amsterdam 1012 AB", True),
        ("amazon.nl", "1012AB", "Bezorgen in Amsterdam 1012 AC", False),
    ],
)
def test_names_postcode(domain: str, postcode: str, line: str, named: bool) -> None:
    assert names_postcode(line, DOMAINS[domain], postcode) is named
