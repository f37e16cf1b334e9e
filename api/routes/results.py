"""Downloads: the rows of one's own runs, as raw bytes."""

from os import SEEK_END
from typing import cast

from flask import Blueprint, Response, current_app, request, send_file

from api.attempts import folder_of
from api.auth import authenticate, current_user
from api.envelope import ApiError
from api.jobs import Jobs
from api.operation import add_rule, describe
from api.rows import MIMETYPES, made, source_of
from api.schemas import LARGEST_ID
from api.store import Row

blueprint = Blueprint("results", __name__, url_prefix="/results")


def category_asins(collection_id: int, runner_id: int, form: str) -> Response:
    """Download the rows of a runner.

    Of a run that is going on or has failed these are the whole lines written so far. The answer
    carries an ETag, and parts of it can be asked for with Range.
    """
    authenticate()
    jobs = cast(Jobs, current_app.extensions["jobs"])
    runner = jobs.store.own_runner(current_user()["id"], collection_id, runner_id)
    if runner is None:
        raise ApiError(404, f"You have no runner {runner_id} in a collection {collection_id}")
    folder = folder_of(jobs.look(runner))
    source = source_of(folder, form)
    if not source.exists():
        raise ApiError(404, _no_rows(runner))
    stat = source.stat()
    file = source.open("rb") if source == folder.rows else made(folder, form)
    response = send_file(
        file,
        mimetype=MIMETYPES[form],
        download_name=f"category_asins.{form}",
        conditional=False,
        etag=f"{form}-{stat.st_mtime_ns:x}-{stat.st_size:x}",
        last_modified=int(stat.st_mtime),
    )
    size = file.seek(0, SEEK_END)
    file.seek(0)
    response.content_length = size
    response.make_conditional(request, accept_ranges=True, complete_length=size)
    return response


def _no_rows(runner: Row) -> str:
    if runner["asin_count"] and runner["stage"] in ("done", "failed"):
        return f"The rows of runner {runner['id']} have been removed, as those of old runs are"
    return f"Runner {runner['id']} has no rows"


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
    (401, 404, 405, 429),
    secured=True,
)
