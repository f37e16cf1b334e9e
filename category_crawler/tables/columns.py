"""The columns of every table, in order."""

from types import NoneType
from typing import get_args, get_origin, get_type_hints

from category_crawler.items import Product

_FIRST_COLUMNS = (
    *("asin", "parent_asin", "is_variant", "is_brand", "is_store", "is_prime"),
    *("seller_name", "price_cents", "in_stock"),
)
COLUMNS = (
    *_FIRST_COLUMNS,
    *(name for name in Product.__dataclass_fields__ if name not in _FIRST_COLUMNS),
)
"""Names of all fields of a product; the contract says which come first."""


def _type_of(hint: object) -> type:
    """The type of a field that may be None."""
    found = next((one for one in get_args(hint) if one is not NoneType), hint)
    kind = hint if get_origin(hint) is list else found
    return list if get_origin(kind) is list else kind  # type: ignore[return-value]


TYPES: dict[str, type] = {name: _type_of(kind) for name, kind in get_type_hints(Product).items()}
"""``str``, ``int``, ``float``, ``bool`` or ``list`` (of texts) for each column."""
