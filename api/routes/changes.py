"""Changes between two runs of one's own collection: a page of them, or all as a file."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Blueprint, Response

from api.products.about import changes_file_name
from api.products.comparison import Comparison, NothingToCompare, changes_links
from api.products.datasets import NoRows
from api.products.differences import ChangesFile, read_changes
from api.products.downloads import NotReady, Table
from api.products.file_view import FilePart
from api.products.forms import CHANGES_FORMS
from api.products.rows import changed_at
from api.rest.auth import authenticate
from api.rest.links import base_url
from api.rest.operation import add_rule, describe, operation
from api.rest.ownership import own_runner
from api.rest.problem import ApiError
from api.rest.product_schemas import ChangesList, ListChanges
from api.rest.raw_file import form_asked_for, head, sent
from api.rest.schemas import LARGEST_ID
from api.services import services
from api.store.records import Runner
from category_crawler.tables.maker import TableKind

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
    comparison = _comparison(body.collection_id, body.from_runner, body.to_runner)
    with _table(comparison) as table:
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
    wanted = form_asked_for(form)
    comparison = _comparison(collection_id, from_runner, to_runner)
    with _table(comparison) as table:
        name = changes_file_name(comparison.before, comparison.after, form)
        answer = head(wanted, table.version, changed_at(table.version), name)
        return sent(_in_form(comparison, table, wanted.table).file, wanted, answer)


def _comparison(collection: int, before: int | None, after: int | None) -> Comparison:
    newest = own_runner(collection)
    services().jobs.refresh(newest)
    try:
        return Comparison.of(services().store, newest, before, after)
    except LookupError as error:
        raise ApiError(404, str(error.args[0])) from None
    except NothingToCompare as error:
        raise ApiError(409, str(error)) from None


@contextmanager
def _table(comparison: Comparison) -> Iterator[Table]:
    try:
        with comparison.table(services().downloads) as table:
            yield table
    except NotReady as error:
        raise ApiError(503, str(error), retry_after=error.seconds) from None
    except NoRows as error:
        raise ApiError(404, str(error)) from None


def _in_form(comparison: Comparison, table: Table, kind: TableKind | None) -> Table:
    """The table of changes as the wanted kind of file, open."""
    if kind is None or kind is TableKind.PARQUET:
        file = table.path.open("rb", buffering=0)
        return Table(FilePart(file, 0, table.file.size), table.version, table.path)
    with ChangesFile(table.path, table.version) as source:
        return services().downloads.table(comparison.wanted(kind), source)


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
