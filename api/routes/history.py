"""The history of a product over one's own runs."""

from typing import Any

from flask import Blueprint

from api.products.series import series_of
from api.rest.auth import current_user
from api.rest.history_schemas import GetHistory, History
from api.rest.operation import operation
from api.rest.problem import ApiError
from api.services import services
from category_crawler.domain_config import DOMAINS
from category_crawler.job import wrong_postcode

blueprint = Blueprint("history", __name__, url_prefix="/schedules/amazon/category")


@operation(blueprint, "/history/", body=GetHistory, data=History)
def history(body: GetHistory) -> dict[str, Any]:
    """Tell how a product's price, list price, stock and rank have changed.

    There is a point for each run in which something changed, and a series for each collection that
    has seen the product. A run is added some seconds after its end, and stays when its files are
    removed.
    """
    if body.domain is not None and body.domain not in DOMAINS:
        known = "/settings/domains/ lists those that are"
        raise ApiError(400, f"domain {body.domain!r} is not known: {known}", field="domain")
    _check_postcode(body)
    user = current_user().id
    found = series_of(services().store, user, body.asin, body.domain, body.postcode)
    return {
        "asin": body.asin,
        "series": [
            {
                "collection_id": one.collection.id,
                "name": one.collection.name,
                "domain": one.collection.request.domain,
                "postcode": one.postcode,
                "points": one.points,
            }
            for one in found
        ],
    }


def _check_postcode(body: GetHistory) -> None:
    """Raise ApiError for what is no postcode of the domain, or of any where none is named."""
    postcode = body.postcode
    if postcode is None:
        return
    if body.domain:
        why = wrong_postcode(postcode, DOMAINS[body.domain])
    elif any(shop.postcode(postcode) for shop in DOMAINS.values()):
        why = ""
    else:
        why = f"postcode is {postcode!r}: no domain of /settings/domains/ has such a one"
    if why:
        raise ApiError(400, why, field="postcode")
