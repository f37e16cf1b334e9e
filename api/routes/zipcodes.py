"""Delivery sessions: create-, get-, refresh-, delete-zipcode."""

from typing import Any

from flask import Blueprint

from api.rest.auth import current_user
from api.rest.operation import operation
from api.rest.ownership import own_zipcode
from api.rest.problem import ApiError
from api.rest.schemas import CreateZipcode, Deleted, GetZipcodes, Zipcode, ZipcodeId
from api.services import services
from api.store import records
from category_crawler.delivery.session import place
from category_crawler.domain_config import DOMAINS, Marketplace
from category_crawler.errors import InvalidJob

blueprint = Blueprint("zipcodes", __name__, url_prefix="/zipcodes")


@operation(blueprint, "/create-zipcode/", body=CreateZipcode, data=Zipcode, errors=(409, 502, 503))
def create_zipcode(body: CreateZipcode) -> dict[str, Any]:
    """Request a delivery session, which category runs need.

    It is shared: where the installation has an active one for the domain and postcode, it is
    active at once. Otherwise a browser sets the location in the shop, which takes some seconds.
    """
    shop = _shop(body.domain)
    try:
        _, postcode = place(shop.domain, body.zipcode)
    except InvalidJob as error:
        raise ApiError(400, f"zipcode: {error}", field="zipcode") from None
    return _shown(services().sessions.create(current_user().id, shop, postcode, body.suburb))


@operation(blueprint, "/get-zipcodes/", body=GetZipcodes, data=list[Zipcode])
def get_zipcodes(body: GetZipcodes) -> list[dict[str, Any]]:
    """List one's delivery sessions and how they stand."""
    domain = _shop(body.domain).domain if body.domain is not None else None
    own = services().store.sessions.zipcodes(current_user().id, domain)
    latest = [services().sessions.refresh(zipcode) for zipcode in own]
    return [_shown(one) for one in latest if body.status in (None, one.session.status.value)]


@operation(
    blueprint, "/refresh-zipcode/", body=ZipcodeId, data=Zipcode, errors=(404, 409, 502, 503)
)
def refresh_zipcode(body: ZipcodeId) -> dict[str, Any]:
    """Make a delivery session anew; the one in use stays until the new one is there."""
    return _shown(services().sessions.renew(services().sessions.refresh(own_zipcode(body.id))))


@operation(blueprint, "/delete-zipcode/", body=ZipcodeId, data=Deleted, errors=(404,))
def delete_zipcode(body: ZipcodeId) -> dict[str, Any]:
    """Give a delivery session up.

    Its cookies go when nobody wants it any more and no run that needs it is open. Those that the
    operator brought in stay.
    """
    services().sessions.delete(own_zipcode(body.id))
    return {"id": body.id, "deleted": True}


def _shop(number: int) -> Marketplace:
    for shop in DOMAINS.values():
        if shop.id == number:
            return shop
    raise ApiError(
        400, f"domain is {number}: it must be an id of /settings/domains/", field="domain"
    )


def _shown(zipcode: records.Zipcode) -> dict[str, Any]:
    session = zipcode.session
    shop = DOMAINS[session.domain]
    return {
        "id": zipcode.id,
        "zipcode": session.postcode,
        "suburb": session.suburb,
        "suburbs": session.suburbs,
        "domain": {"id": shop.id, "domain": shop.domain, "supplier_type": "scraping"},
        "status": session.status.value,
        "failed_message": session.failed_message,
        "created_at": zipcode.created_at,
        # The session may be older than the wish for it.
        "updated_at": max(zipcode.created_at, session.updated_at),
    }
