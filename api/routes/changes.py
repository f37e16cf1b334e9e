"""Changes between two runs of one's own collection: a page of them, or all as a file."""

from typing import Any

from flask import Blueprint, Response

from api.products.comparison import Comparison, changes_links
from api.products.differences import read_changes
from api.products.forms import CHANGES_FORMS
from api.rest import run_files
from api.rest.auth import authenticate
from api.rest.links import base_url
from api.rest.operation import add_rule, describe, operation
from api.rest.ownership import own_comparison
from api.rest.product_schemas import ChangesList, ListChanges
from api.rest.schemas import LARGEST_ID
from api.services import services
from api.store.records import Runner

blueprint = Blueprint("changes", __name__)


@operation(
    blueprint,
    "/schedules/amazon/category/changes/",
    body=ListChanges,
    data=ChangesList,
    errors=(404, 409, 503),
)
def list_changes(body: ListChanges) -> dict[str, Any]:
    """Compare two runs of a collection.

    The default is the last two that are done. A product that the later run has not seen counts as
    `gone` only where both runs' coverage bears it: where both are complete, or both have walked its
    price slice whole. Otherwise it is `not_seen`, and `why` says why. 409 means that there are no
    two runs to compare yet.
    """
    comparison = own_comparison(body.collection_id, body.from_runner, body.to_runner)
    with comparison.table(services().downloads) as table:
        changes = read_changes(table.path, body.kinds, body.limit, body.skip)
    return {
        "from_runner": _shown(comparison.before),
        "to_runner": _shown(comparison.after),
        "counts": changes.counts,
        "why": comparison.bearing.why,
        "total": changes.total,
        "items": changes.items,
        "download_links": _links(comparison),
    }


def changes_file(collection_id: int, from_runner: int, to_runner: int, form: str) -> Response:
    """Download all changes between two runs as CSV, Excel or Parquet.

    A large file is made when it is first asked for: until it is ready the answer is 503, with the
    seconds after which to ask again in Retry-After. `raw` and `bom` are those of the rows' CSV.
    """
    authenticate()
    return run_files.changes_file(own_comparison(collection_id, from_runner, to_runner), form)


def _shown(runner: Runner) -> dict[str, Any]:
    return {
        "id": runner.id,
        "finished_at": runner.finished_at,
        "products": runner.asin_count,
        "complete": (runner.coverage or {}).get("complete"),
    }


def _links(comparison: Comparison) -> dict[str, str]:
    before, after = comparison.before, comparison.after
    return changes_links(base_url(), after.collection.id, before.id, after.id)


_ID = f"int(max={LARGEST_ID})"
add_rule(
    blueprint,
    f"/results/<{_ID}:collection_id>/<{_ID}:from_runner>/<{_ID}:to_runner>"
    f"/changes.<any({', '.join(CHANGES_FORMS)}):form>",
    changes_file,
    "GET",
)
describe(
    blueprint,
    "GET",
    "/results/{collection_id}/{from_runner}/{to_runner}/changes.{form}",
    changes_file,
    None,
    None,
    (400, 401, 404, 405, 409, 429, 503),
    secured=True,
)
