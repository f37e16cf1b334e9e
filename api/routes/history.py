"""The history of a product over one's own runs."""

from typing import Any

from flask import Blueprint

from api.products.history import history_folder, points_of
from api.rest.auth import current_user
from api.rest.history_schemas import GetHistory, History
from api.rest.operation import operation
from api.rest.problem import ApiError
from api.services import services
from api.store.records import Collection
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
    collections = {
        one.id: one for one in services().store.runners.collections(user) if _fits(one, body)
    }
    folders = {number: history_folder(user, number) for number in collections}
    found = points_of(body.asin, {n: path for n, path in folders.items() if path.is_dir()})
    return {
        "asin": body.asin,
        "series": [
            {
                "collection_id": number,
                "name": collections[number].name,
                "domain": collections[number].request.domain,
                "postcode": _postcode(collections[number]),
                "points": found[number],
            }
            for number in sorted(found)
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


def _fits(collection: Collection, body: GetHistory) -> bool:
    domain = collection.request.domain
    if body.domain not in (None, domain):
        return False
    if body.postcode is None:
        return True
    shop = DOMAINS.get(domain)
    wanted = shop.postcode(body.postcode) if shop else body.postcode
    return wanted == _postcode(collection)


def _postcode(collection: Collection) -> str:
    """In capitals, without spaces."""
    request = collection.request
    shop = DOMAINS.get(request.domain)
    return (shop.postcode(request.postcode) if shop else None) or request.postcode
