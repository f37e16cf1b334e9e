"""Makes what a card shows beside the product's own price: other offers, editions and discounts."""

from collections.abc import Callable
from dataclasses import dataclass

_KINDS = 9


@dataclass(frozen=True, slots=True)
class Offers:
    """Markup at each place of a card; empty where nothing is shown."""

    before_price: str = ""
    price: str = ""
    """In place of the product's price."""
    after_price: str = ""
    below_price: str = ""
    in_delivery: str = ""
    below_delivery: str = ""


def offers_of(number: int, cents: int, shown: Callable[[int], str]) -> Offers:
    """What the card of a product with this number and price shows besides; often nothing."""
    other = _price(shown(cents + 777))
    match number % _KINDS:
        case 1:
            return Offers(after_price=f" - {other}")
        case 2:
            edition = '<a href="/x/dp/0{:09}">{}</a>'.format(number, "Paperback " + other)
            return Offers(before_price=f'<div class="a-row">{edition}</div>')
        case 3:
            return Offers(
                price=_price(shown(0)),
                below_price="<span>Free with Kindle Unlimited membership</span>",
                below_delivery='<div data-cy="secondary-offer-recipe">'
                f"<span>Or {shown(cents)} to buy</span></div>",
            )
        case 4:
            coupon = '<span class="s-coupon-unclipped">Save 2% with coupon</span>'
            return Offers(
                below_delivery='<div data-cy="multi-offer-display"><a>Another way to buy</a>'
                f"{other}{coupon}<span>Only 1 left in stock.</span></div>"
            )
        case 5:
            words = "<span>Extra 10% off</span> <span>when you subscribe</span>"
            return Offers(below_price=f'<span class="s-coupon-unclipped">{words}</span>')
        case 6:
            words = "<span>Save </span><span>5%</span><span> on 2 select items</span>"
            return Offers(below_price=f'<div class="a-row">{words}</div>')
        case 7:
            style = "<style>.x {width: 80px}</style>"
            stock = '<span class="a-color-price">Only 2 left in stock.</span>'
            return Offers(in_delivery=style + stock)
        case _:
            return Offers()


def _price(shown: str) -> str:
    return f'<span class="a-price"><span class="a-offscreen">{shown}</span></span>'
