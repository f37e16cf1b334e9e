"""A product: what the shop last said of it, and its price over all of one's own runs."""

import re
from collections.abc import Iterator

from flask import render_template, request
from flask.typing import ResponseReturnValue

from api.products.history import Point
from api.products.series import Series, series_of
from api.products.sightings import Sighting, last_sighting
from api.rest.auth import current_user
from api.rest.problem import ApiError
from api.services import services
from api.store.records import Runner
from api.web.page import page
from category_crawler.domain_config import DOMAINS

blueprint = page("product", __name__, "/products/<domain>/<asin>")
_ASIN = re.compile(r"[A-Z0-9]{10}", re.ASCII)


@blueprint.get("/")
def show(domain: str, asin: str) -> ResponseReturnValue:
    """A product of a marketplace, if one of one's own runs has seen it."""
    shop = DOMAINS.get(domain)
    if shop is None or not _ASIN.fullmatch(asin):
        raise ApiError(404, "There is no such product: an address ends with shop and ASIN")
    series = series_of(services().store, current_user().id, asin, domain)
    seen = {one.collection.id: _last_sighting(one, asin) for one in series}
    here = _run_come_from(domain)
    latest = here and last_sighting(services().downloads, [here], asin)
    if here and latest and seen.get(here.collection.id) is None:
        seen[here.collection.id] = latest
    sightings = [one for one in seen.values() if one is not None]
    if not series and not sightings:
        raise ApiError(
            404,
            f"None of your runs on {domain} has seen the product {asin}. "
            "A run is added to the history some seconds after its end",
        )
    shown = latest or max(sightings, key=lambda one: one.runner.id, default=None)
    return render_template(
        "web/product.html",
        asin=asin,
        domain=domain,
        shop_link=f"https://{shop.host}/dp/{asin}",
        row=shown.row if shown else {},
        sightings=sorted(sightings, key=lambda one: one.runner.id, reverse=True),
        series=[(one, _points(one, seen.get(one.collection.id))) for one in series],
    )


def _last_sighting(series: Series, asin: str) -> Sighting | None:
    return last_sighting(services().downloads, _runs_to_ask(series), asin)


def _runs_to_ask(series: Series) -> Iterator[Runner]:
    """The last run that is done, then the last one in which something changed."""
    runners = services().store.runners
    yield from runners.done(series.collection.id, 1)
    last = runners.get(series.points[-1].runner_id)
    if last is not None:
        yield last


def _run_come_from(domain: str) -> Runner | None:
    """The run whose page the reader comes from; it may still go on."""
    run, collection = (request.args.get(name, None, int) for name in ("run", "collection"))
    if run is None or collection is None:
        return None
    found = services().store.runners.own(current_user().id, collection, run)
    return found if found and found.collection.request.domain == domain else None


def _points(series: Series, last: Sighting | None) -> list[Point]:
    """The points of a series, and one more where it was last seen without a change."""
    newest = series.points[-1]
    if last is None or (last.runner.finished_at or "") <= newest.at:
        return series.points
    assert last.runner.finished_at is not None
    row = {name: last.row[name] for name in ("price_cents", "list_price_cents", "in_stock")}
    row |= {name: last.row[name] for name in ("position", "currency")}
    return [*series.points, Point(at=last.runner.finished_at, runner_id=last.runner.id, **row)]
