"""What the service knows before anybody logs in."""

from typing import Any

from flask import Blueprint

from api.rest.operation import operation
from api.rest.schemas import Domain, NoBody
from category_crawler.domain_config import DOMAINS

blueprint = Blueprint("settings", __name__, url_prefix="/settings")


@operation(blueprint, "/domains/", data=list[Domain], secured=False)
def domains(_body: NoBody) -> list[dict[str, Any]]:
    """List the marketplaces, their postcodes' form and the filters each supports."""
    return [
        {
            "id": shop.id,
            "domain": shop.domain,
            "country_code": shop.country_code,
            "currency": shop.currency,
            "supplier_type": "scraping",
            "postcode_regex": shop.postcode_regex,
            "filters": sorted(shop.filters),
            "status": "active" if shop.active else "inactive",
        }
        for shop in DOMAINS.values()
    ]
