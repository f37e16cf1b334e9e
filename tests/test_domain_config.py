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
        ("amazon.ca", "m5v-2t6", "M5V-2T6"),
        ("amazon.com", "20105-1234", "20105-1234"),
        ("amazon.in", "012345", None),
        ("amazon.ae", "12345", None),
        ("amazon.ae", "", None),
    ],
)
def test_postcodes_are_kept_in_capitals_without_spaces(
    domain: str, written: str, kept: str | None
) -> None:
    assert DOMAINS[domain].postcode(written) == kept
