"""Downloads: the rows of one's own runs, as raw bytes."""

from flask import Blueprint, Response, request

from api.products.about import file_name
from api.products.datasets import wanted_table
from api.products.downloads import NotReady, Table
from api.products.file_view import FileView
from api.products.forms import BYTE_ORDER_MARK, MIMETYPES, Form
from api.products.rows import Rows, changed_at
from api.rest.auth import authenticate
from api.rest.operation import add_rule, describe
from api.rest.ownership import own_runner
from api.rest.problem import ApiError
from api.rest.raw_file import form_asked_for, head, sent
from api.rest.schemas import LARGEST_ID
from api.runners.attempts import folder_of
from api.runners.removal import why_gone
from api.services import services
from api.store.records import Runner
from category_crawler.files.record_file import NotReadable
from category_crawler.tables.maker import TableKind

blueprint = Blueprint("results", __name__, url_prefix="/results")


def category_asins(collection_id: int, runner_id: int, form: str) -> Response:
    """Download the rows of a runner as JSON, JSON lines, CSV, Excel or Parquet.

    Of a run that is going on or has failed these are the whole lines written so far. The answer
    carries an ETag, and parts of it can be asked for with Range. A large CSV, Excel or Parquet file
    is made when it is first asked for: until it is ready the answer is 503, with the seconds after
    which to ask again in Retry-After; of a run that is going on it may be a minute old. HEAD makes
    nothing, and tells the length of such a file only if it is made.

    In a CSV, a text that a spreadsheet would run as a formula (it begins with `=`, `+`, `-`, `@`, a
    tab or a carriage return) has a `'` before it; `raw=true` leaves it as it is. `bom=true` puts a
    byte order mark first, which makes Excel read the file as UTF-8.
    """
    authenticate()
    wanted = form_asked_for(form)
    runner = services().jobs.refresh(own_runner(collection_id, runner_id))
    if runner.files_removed_at is not None:
        raise ApiError(404, why_gone(runner))
    try:
        rows = Rows(folder_of(runner), form)
    except (FileNotFoundError, NotADirectoryError, NotReadable):
        raise ApiError(404, _no_rows(runner)) from None
    response = _head(runner, wanted, rows.version)
    response.make_conditional(request)
    if response.status_code != 200:
        rows.close()
        return response
    if request.method == "HEAD":
        with rows:
            return _with_length(response, runner, rows, wanted)
    if wanted.table is None:
        return sent(_view(rows), wanted, _head(runner, wanted, rows.version))
    with rows:
        table = _table(runner, rows, wanted.table)
        return sent(table.file, wanted, _head(runner, wanted, table.version))


def _head(runner: Runner, form: Form, version: str) -> Response:
    return head(form, version, changed_at(version), file_name(runner, form.name))


def _with_length(response: Response, runner: Runner, rows: Rows, form: Form) -> Response:
    """The answer to HEAD: its length is left out where only a table's making would tell it."""
    if form.table is None:
        size: int | None = _view(rows).size
    else:
        size = services().downloads.size(wanted_table(runner, form.table), rows.version)
    if size is not None:
        response.content_length = size + (len(BYTE_ORDER_MARK) if form.is_marked else 0)
    return response


def _view(rows: Rows) -> FileView:
    try:
        return rows.view()
    except FileNotFoundError:
        raise ApiError(503, "The run has just ended: ask again in 1 s", retry_after=1) from None


def _table(runner: Runner, rows: Rows, kind: TableKind) -> Table:
    try:
        return services().downloads.table(wanted_table(runner, kind), rows)
    except NotReady as error:
        raise ApiError(503, str(error), retry_after=error.seconds) from None


def _no_rows(runner: Runner) -> str:
    if runner.asin_count and runner.has_ended:
        return why_gone(runner)
    return f"Runner {runner.id} has no rows"


_ID = f"int(max={LARGEST_ID})"
add_rule(
    blueprint,
    f"/<{_ID}:collection_id>/<{_ID}:runner_id>/category_asins.<any({', '.join(MIMETYPES)}):form>",
    category_asins,
    "GET",
)
describe(
    blueprint,
    "GET",
    "/{collection_id}/{runner_id}/category_asins.{form}",
    category_asins,
    None,
    None,
    (400, 401, 404, 405, 429, 503),
    secured=True,
)
