"""Products of one's own runs: queries."""

from typing import Any

from flask import Blueprint

from api.products.datasets import NoRows, dataset
from api.products.downloads import NotReady
from api.products.queries import Facets, Found, ProductQuery, find
from api.rest.operation import operation
from api.rest.ownership import own_runner
from api.rest.problem import ApiError
from api.rest.product_schemas import ListProducts, Products
from api.runners.asked import asked_of
from api.services import services
from api.store.records import Runner
from category_crawler.domain_config import DOMAINS

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
    found = found_in(runner, body.query, facets=body.facets)
    data: dict[str, Any] = {"runner_id": runner.id, "total": found.total, "items": found.items}
    return data | ({"facets": found.facets or _NO_FACETS} if body.facets else {})


def found_in(runner: Runner, query: ProductQuery, *, facets: bool = False) -> Found:
    """Look into a runner's products. Raises ApiError if they are being prepared or removed."""
    try:
        with dataset(services().downloads, runner) as table:
            return find(table.path, query, DOMAINS.get(asked_of(runner).domain), facets=facets)
    except NotReady as error:
        raise ApiError(503, str(error), retry_after=error.seconds) from None
    except NoRows as error:
        if error.is_empty:
            return Found(0)
        raise ApiError(404, str(error)) from None
