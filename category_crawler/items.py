"""A product as a listing page shows it: one row of the result file."""

from dataclasses import dataclass


@dataclass(slots=True)
class Product:
    """One result card. A value that the page does not show is None, never guessed.

    Cents are hundredths of ``currency``, for the yen too. The result file has the fields in this
    order.
    """

    asin: str
    """Amazon's product number: ten capital letters and digits."""
    title: str | None = None
    price: str | None = None
    """Main price as displayed, with single spaces and no zero-width marks: ``$29.99``.

    The lowest price of a range. Where a membership's price ("$0.00") comes first, the price for
    all other customers.
    """
    price_cents: int | None = None
    price_high_cents: int | None = None
    """The highest price of a range: "$29.99 - $35.99"."""
    price_is_from: bool | None = None
    """Whether the price is the lowest of several: of a range, or shown with "from"."""
    currency: str | None = None
    """ISO 4217 code of the amounts."""
    list_price_cents: int | None = None
    """Struck-through price: "List", "Was", "RRP", "Typical"."""
    unit_price: str | None = None
    """Price by weight, volume or count, as displayed: ``$2.31/100 ml``."""
    brand: str | None = None
    rating: float | None = None
    """Stars, 0 to 5."""
    review_count: int | None = None
    url: str | None = None
    """``https://www.<domain>/dp/<ASIN>``."""
    image_url: str | None = None
    position: int | None = None
    """Rank among organic results of the plain listing, 1-based; None for an advertisement."""
    page: int | None = None
    """Page of the plain listing, 1-based."""
    sponsored: bool = False
    """Seen only as an advertisement."""
    is_prime: bool | None = None
    in_stock: bool | None = None
    delivery: str | None = None
    """The delivery promise as displayed."""
    badges: list[str] | None = None
    """Such as ``Best Seller``; None if the card shows none."""
    coupon: str | None = None
    subscribe_discount: str | None = None
    """As displayed: ``Extra 10% off when you subscribe``; not a coupon."""
    promotion: str | None = None
    """A discount for several items, as displayed: ``Save 5% on 2 select items``."""
    bought_past_month: str | None = None
    """As displayed: ``1K+ bought in past month``."""
    offer_price_cents: int | None = None
    """Another seller's offer ("No featured offers", "More Buying Choices"), not the price."""
    offer_count: int | None = None
    parent_asin: str | None = None
    is_variant: bool | None = None
    is_brand: bool | None = None
    is_store: bool | None = None
    seller_name: str | None = None
    scraped_at: str | None = None
    """UTC, ISO 8601 with ``Z``."""

    def cents_in(self, currency: str) -> int | None:
        """The main price in cents; None if there is none or it is in another currency."""
        return self.price_cents if self.currency in (None, currency) else None
