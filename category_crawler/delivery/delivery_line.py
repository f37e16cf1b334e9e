"""Checks whether a page's delivery line ("Delivering to …") names a postcode. Pure."""

import re
import unicodedata

from category_crawler.domain_config import Marketplace


def names_postcode(line: str, shop: Marketplace, postcode: str) -> bool:
    """Whether the line names this postcode, with or without spaces.

    The first part of the code is enough in the UK, in Canada and in the US, because the site may
    show only that part there (real pages).
    """
    plain = unicodedata.normalize("NFKC", line).upper()
    shown = "".join(char for char in plain if unicodedata.category(char) != "Cf")
    return any(_spaced(part).search(shown) for part in _acceptable(shop, postcode))


def _acceptable(shop: Marketplace, postcode: str) -> list[str]:
    code = re.sub(r"[ -]", "", postcode).upper()
    if shop.truncates_postcode:
        return [code, code[:-3]]
    return [code, code[:5]] if shop.country_code == "US" else [code]


def _spaced(code: str) -> re.Pattern[str]:
    return re.compile(r"(?<![A-Z0-9])" + r"[ -]?".join(code) + r"(?![A-Z0-9])")
