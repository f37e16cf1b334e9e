"""Products of one's own runs: queries."""

from typing import Any

from flask import Blueprint

from api.products.queries import Facets
from api.products.selection import Selection
from api.rest.operation import operation
from api.rest.ownership import own_runner
from api.rest.product_schemas import ListProducts, Products
from api.services import services

blueprint = Blueprint("products", __name__, url_prefix="/schedules/amazon/category")
_NO_FACETS = Facets(brands=[], prices=[], ratings=[], delivery=[])
"""Those of a run that has no rows yet."""


@operation(blueprint, "/products/", body=ListProducts, data=Products, errors=(404, 503))
def list_products(body: ListProducts) -> dict[str, Any]:
    """Find products of a run, also while it goes on.

    `total` counts all that fit, `items` holds one page of them. Of a run that goes on, the answer
    may be a minute old. A large run is prepared when it is first asked for: until it is ready the
    answer is 503, with the seconds after which to ask again in Retry-After.
    """
    runner = services().jobs.refresh(own_runner(body.collection_id, body.runner_id))
    found = Selection(runner, body.query).found(services().downloads, facets=body.facets)
    data: dict[str, Any] = {"runner_id": runner.id, "total": found.total, "items": found.items}
    return data | ({"facets": found.facets or _NO_FACETS} if body.facets else {})
