"""The columns of the table of products, and what a file has of each."""

from collections.abc import Iterable
from dataclasses import dataclass

from api.web.pictures import picture_host


@dataclass(frozen=True, slots=True)
class Column:
    """A column that a reader may choose."""

    name: str
    """In the address."""
    head: str
    fields: tuple[str, ...]
    """What a file has instead of it."""
    sort: str = ""
    """The order that its head leads to first, one of :data:`api.products.queries.SORTS`."""
    is_number: bool = False
    is_shown: bool = True
    """Whether it is there as long as nobody chooses."""

    @property
    def order(self) -> str:
        """Its order without a direction."""
        return self.sort.removeprefix("-")


_PICTURE = "picture"
_COLUMNS = (
    Column(_PICTURE, "Picture", ("image_url",)),
    Column("title", "Title", ("title", "url"), "title"),
    Column("brand", "Brand", ("brand",), "brand", is_shown=False),
    Column("price", "Price", ("price", "price_cents", "currency"), "price", is_number=True),
    Column("list_price", "List price", ("list_price_cents",), "-list_price", is_number=True),
    Column("discount", "Discount", ("discount_percent",), "-discount", is_number=True),
    Column("rating", "Rating", ("rating",), "-rating", is_number=True),
    Column("reviews", "Reviews", ("review_count",), "-reviews", is_number=True),
    Column("prime", "Prime", ("is_prime",)),
    Column("delivery", "Delivery", ("delivery",)),
    Column("stock", "Stock", ("in_stock",)),
    Column("coupon", "Coupon", ("coupon",)),
    Column("position", "Rank", ("position",), "position", is_number=True, is_shown=False),
    Column("unit_price", "Unit price", ("unit_price",), is_shown=False),
    Column("bought", "Bought", ("bought_past_month",), is_shown=False),
    Column("badges", "Badges", ("badges",), is_shown=False),
    Column("seller", "Seller", ("seller_name",), is_shown=False),
    Column("seen", "Seen", ("scraped_at",), is_shown=False),
)


def columns() -> tuple[Column, ...]:
    """All that there are: pictures only if they are shown."""
    return tuple(one for one in _COLUMNS if one.name != _PICTURE or picture_host())


def usual() -> tuple[Column, ...]:
    """Those that are shown as long as nobody chooses."""
    return tuple(one for one in columns() if one.is_shown)


def chosen(names: Iterable[str]) -> tuple[Column, ...]:
    """The columns with these names, in our order; the usual ones if there is none."""
    wanted = set(names)
    return tuple(one for one in columns() if one.name in wanted) or usual()


def fields_of(columns: Iterable[Column]) -> tuple[str, ...]:
    """The columns of a file: the ASIN, and what is shown."""
    return ("asin", *(name for one in columns for name in one.fields))
