"""The marketplaces: stable numbers and whole-string postcodes."""

import pytest

from category_crawler.domain_config import DOMAINS


def test_numbers_are_stable_and_unique() -> None:
    assert [shop.id for shop in DOMAINS.values()] == list(range(1, 24))
    assert DOMAINS["amazon.com.au"].id == 1
    assert DOMAINS["amazon.ae"].id == 23


@pytest.mark.parametrize(
    ("domain", "written", "kept"),
    [
        ("amazon.com.au", "4500", "4500"),
        ("amazon.com.au", "4500\n", None),
        ("amazon.com.au", "٤٥٠٠", None),
        ("amazon.com.au", " 4500", None),
        ("amazon.co.uk", "w12 7rj", "W127RJ"),
        ("amazon.ca", "m5v-2t6", "M5V2T6"),
        ("amazon.ca", "m5v 2t6", "M5V2T6"),
        ("amazon.co.jp", "100-0001", "1000001"),
        ("amazon.co.jp", "1000001", "1000001"),
        ("amazon.co.jp", "１０００００１", None),
        ("amazon.com.br", "01310-100", "01310100"),
        ("amazon.pl", "00-001", "00001"),
        ("amazon.se", "113 51", "11351"),
        ("amazon.nl", "1012 ab", "1012AB"),
        ("amazon.com", "20105-1234", "20105-1234"),
        ("amazon.in", "012345", None),
        ("amazon.ae", "12345", None),
        ("amazon.ae", "", None),
    ],
)
def test_a_postcode_has_one_form(domain: str, written: str, kept: str | None) -> None:
    assert DOMAINS[domain].postcode(written) == kept
