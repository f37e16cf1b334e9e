"""The marketplaces: host, currency, postcode format and supported filters.

The facts come from the site's own pages. The ids are ours and never change.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum


class Filter(StrEnum):
    """A filter of the listing, by the name of its API field."""

    PRICE = "price"
    PRIME_SHIPS_FROM_AU = "filter_prime_ships_from_au"
    DELIVERY_DAY = "filter_delivery_day"


@dataclass(frozen=True, slots=True)
class Marketplace:
    """One Amazon shop."""

    id: int
    """Stable number, shown to API clients."""
    domain: str
    """Registered name without ``www.``, such as ``amazon.com.au``."""
    country_code: str
    """ISO 3166-1 alpha-2."""
    currency: str
    """ISO 4217 code of the prices that a visitor from the shop's own country sees."""
    language: str
    """The shop's default language, such as ``en_AU``."""
    timezone: str
    """IANA name of the time zone of the country's largest city."""
    postcode_regex: str
    """Matches a whole postcode as people write it; empty if the shop delivers by city."""
    filters: frozenset[Filter] = field(default=frozenset({Filter.PRICE}))
    truncates_postcode: bool = False
    """The delivery line shows only the first part of the code (seen in the UK and Canada)."""

    @property
    def host(self) -> str:
        """The only host whose answers are trusted."""
        return f"www.{self.domain}"

    @property
    def active(self) -> bool:
        """Whether a delivery location can be set by postcode."""
        return bool(self.postcode_regex)

    def postcode(self, written: str) -> str | None:
        """The postcode in capitals without spaces and hyphens; None if it is none of this country.

        A US code keeps the hyphen of its ``+4``, which narrows the place down.
        """
        if not self.active or not re.fullmatch(self.postcode_regex.strip("^$"), written, re.ASCII):
            return None
        code = written.replace(" ", "").upper()
        return code if self.country_code == "US" else code.replace("-", "")


_AU_FILTERS = frozenset(Filter)

_MARKETPLACES = (
    Marketplace(
        1, "amazon.com.au", "AU", "AUD", "en_AU", "Australia/Sydney", r"^\d{4}$", _AU_FILTERS
    ),
    Marketplace(2, "amazon.com", "US", "USD", "en_US", "America/New_York", r"^\d{5}(-\d{4})?$"),
    Marketplace(
        3,
        "amazon.ca",
        "CA",
        "CAD",
        "en_CA",
        "America/Toronto",
        r"^[A-Za-z]\d[A-Za-z][ -]?\d[A-Za-z]\d$",
        truncates_postcode=True,
    ),
    Marketplace(4, "amazon.com.mx", "MX", "MXN", "es_MX", "America/Mexico_City", r"^\d{5}$"),
    Marketplace(5, "amazon.com.br", "BR", "BRL", "pt_BR", "America/Sao_Paulo", r"^\d{5}-?\d{3}$"),
    Marketplace(
        6,
        "amazon.co.uk",
        "GB",
        "GBP",
        "en_GB",
        "Europe/London",
        r"^[A-Za-z]{1,2}\d[A-Za-z\d]? ?\d[A-Za-z]{2}$",
        truncates_postcode=True,
    ),
    Marketplace(7, "amazon.de", "DE", "EUR", "de_DE", "Europe/Berlin", r"^\d{5}$"),
    Marketplace(8, "amazon.fr", "FR", "EUR", "fr_FR", "Europe/Paris", r"^\d{5}$"),
    Marketplace(9, "amazon.it", "IT", "EUR", "it_IT", "Europe/Rome", r"^\d{5}$"),
    Marketplace(10, "amazon.es", "ES", "EUR", "es_ES", "Europe/Madrid", r"^\d{5}$"),
    Marketplace(11, "amazon.nl", "NL", "EUR", "nl_NL", "Europe/Amsterdam", r"^\d{4} ?[A-Za-z]{2}$"),
    Marketplace(12, "amazon.com.be", "BE", "EUR", "fr_BE", "Europe/Brussels", r"^\d{4}$"),
    Marketplace(
        13,
        "amazon.ie",
        "IE",
        "EUR",
        "en_IE",
        "Europe/Dublin",
        r"^[A-Za-z]\d[\dWw] ?[A-Za-z0-9]{4}$",
    ),
    Marketplace(14, "amazon.se", "SE", "SEK", "sv_SE", "Europe/Stockholm", r"^\d{3} ?\d{2}$"),
    Marketplace(15, "amazon.pl", "PL", "PLN", "pl_PL", "Europe/Warsaw", r"^\d{2}-?\d{3}$"),
    Marketplace(16, "amazon.com.tr", "TR", "TRY", "tr_TR", "Europe/Istanbul", r"^\d{5}$"),
    Marketplace(17, "amazon.sa", "SA", "SAR", "ar_SA", "Asia/Riyadh", r"^\d{5}$"),
    Marketplace(18, "amazon.eg", "EG", "EGP", "ar_EG", "Africa/Cairo", r"^\d{5}$"),
    Marketplace(19, "amazon.co.za", "ZA", "ZAR", "en_ZA", "Africa/Johannesburg", r"^\d{4}$"),
    Marketplace(20, "amazon.in", "IN", "INR", "en_IN", "Asia/Kolkata", r"^[1-9]\d{5}$"),
    Marketplace(21, "amazon.sg", "SG", "SGD", "en_SG", "Asia/Singapore", r"^\d{6}$"),
    Marketplace(22, "amazon.co.jp", "JP", "JPY", "ja_JP", "Asia/Tokyo", r"^\d{3}-?\d{4}$"),
    Marketplace(23, "amazon.ae", "AE", "AED", "en_AE", "Asia/Dubai", ""),
)

DOMAINS: dict[str, Marketplace] = {shop.domain: shop for shop in _MARKETPLACES}
"""Every known marketplace by domain, ``DOMAINS["amazon.com.au"].id == 1``."""

PRIME_SHIPS_FROM_AU = ("p_n_prime_domestic", "6845356051")
"""amazon.com.au's refinement for Prime goods sent from Australia (public sources, 2021-2025)."""

DELIVERY_DAY_CODE = "p_90"
"""Rail group of the delivery day; its values differ between marketplaces (real pages)."""

BRAND_CODES = ("p_123", "p_89")
"""Rail groups of brands: since 2024 the values are numbers, before that names (real pages)."""
