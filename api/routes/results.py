"""Downloads: the rows of one's own runs, as raw bytes."""

from typing import IO, cast

from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import wrap_file

from api.products.downloads import NotReady, Table
from api.products.file_view import FilePart, FileView
from api.products.rows import MIMETYPES, Rows, changed_at
from api.rest.auth import authenticate, current_user
from api.rest.envelope import ApiError
from api.rest.operation import add_rule, describe
from api.rest.schemas import LARGEST_ID
from api.runners.attempts import folder_of
from api.services import services
from api.store.records import Runner
from category_crawler.files.record_file import NotReadable

blueprint = Blueprint("results", __name__, url_prefix="/results")


def category_asins(collection_id: int, runner_id: int, form: str) -> Response:
    """Download the rows of a runner.

    Of a run that is going on or has failed these are the whole lines written so far. The answer
    carries an ETag, and parts of it can be asked for with Range. A large CSV is made when it is
    first asked for: until it is ready the answer is 503, with the seconds after which to ask again
    in Retry-After; of a run that is going on it may be a minute old. HEAD makes nothing, and tells
    the length of a CSV only if that is made.
    """
    authenticate()
    runner = services().store.runners.own(current_user().id, collection_id, runner_id)
    if runner is None:
        raise ApiError(404, f"You have no runner {runner_id} in a collection {collection_id}")
    runner = services().jobs.refresh(runner)
    try:
        rows = Rows(folder_of(runner), form)
    except (FileNotFoundError, NotADirectoryError, NotReadable):
        raise ApiError(404, _no_rows(runner)) from None
    response = _head(form, rows.version)
    response.make_conditional(request)
    if response.status_code != 200:
        rows.close()
        return response
    if request.method == "HEAD":
        with rows:
            return _with_length(response, runner, rows, form)
    if form != "csv":
        return _sent(rows.view(), _head(form, rows.version))
    with rows:
        table = _table(runner, rows)
        return _sent(table.file, _head(form, table.version))


def _head(form: str, version: str) -> Response:
    """An answer still without its body."""
    response = Response(mimetype=MIMETYPES[form], direct_passthrough=True)
    response.automatically_set_content_length = False
    response.headers.set("Content-Disposition", "inline", filename=f"category_asins.{form}")
    response.cache_control.no_cache = True
    response.set_etag(f"{form}-{version}")
    response.last_modified = changed_at(version)
    return response


def _with_length(response: Response, runner: Runner, rows: Rows, form: str) -> Response:
    """The answer to HEAD: its length is left out where only a table's making would tell it."""
    is_table = form == "csv"
    size = services().downloads.size(runner.id, rows.version) if is_table else rows.view().size
    if size is not None:
        response.content_length = size
    return response


def _table(runner: Runner, rows: Rows) -> Table:
    is_growing = not runner.has_ended
    try:
        return services().downloads.table(
            runner.id, runner.collection.user, rows, is_growing=is_growing
        )
    except NotReady as error:
        raise ApiError(503, str(error), retry_after=error.seconds) from None


def _sent(file: FileView, response: Response) -> Response:
    """The answer with the file, or with the part of it that was asked for, as its body."""
    response.content_length = file.size
    try:
        response.make_conditional(request, accept_ranges=True, complete_length=file.size)
    except RequestedRangeNotSatisfiable:
        file.close()
        raise
    part = response.content_range
    if response.status_code == 206:
        file = FilePart(cast(IO[bytes], file), part.start or 0, part.stop or 0)
    # The server's own wrapper sends a file piece by piece, and no thread waits for the client.
    response.response = wrap_file(request.environ, cast(IO[bytes], file))
    return response


def _no_rows(runner: Runner) -> str:
    if runner.asin_count and runner.has_ended:
        return f"The rows of runner {runner.id} have been removed, as those of old runs are"
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
    (401, 404, 405, 429, 503),
    secured=True,
)
