"""A price as people type it into a field."""

from category_crawler.errors import InvalidListingURL
from category_crawler.listing_url import cents_of


def typed_cents(text: str) -> int | None:
    """The price in cents; None for what is none."""
    try:
        return cents_of(text, "")
    except InvalidListingURL:
        return None
