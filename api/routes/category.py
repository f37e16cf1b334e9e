"""Category crawls: add_schedule, result, cancel, list."""

from contextlib import suppress
from http import HTTPStatus
from itertools import islice
from typing import IO, Any, cast

from flask import Blueprint, Response, request
from pydantic_core import from_json, to_json
from werkzeug.wsgi import wrap_file

from api.exports.report import exports_of
from api.products.spliced_file import SplicedFile
from api.rest.auth import current_user
from api.rest.envelope import enveloped, http_status
from api.rest.idempotency import once
from api.rest.operation import operation
from api.rest.ownership import own_runner
from api.rest.preview_schemas import PreviewShown, preview_shown
from api.rest.reports import latest, report_of, reports_of
from api.rest.schemas import (
    Added,
    CollectionDeleted,
    CollectionId,
    Collections,
    GetResult,
    ListCollections,
    RenameCollection,
    Renamed,
    Result,
    Revoked,
)
from api.rest.starting import start
from api.runners.attempts import folder_of
from api.runners.deletion import delete
from api.runners.request import AddSchedule
from api.services import services
from api.store.idempotency import Answer
from api.store.records import Runner
from api.store.stage import Stage
from category_crawler.run.rows import rows_in

blueprint = Blueprint("category", __name__, url_prefix="/schedules/amazon/category")

_PLACEHOLDER = "asins go here"


@operation(
    blueprint,
    "/add_schedule/",
    body=AddSchedule,
    data=Added,
    errors=(402, 409, 502, 503),
    idempotent=True,
)
def add_schedule(body: AddSchedule) -> dict[str, Any]:
    """Schedule the crawl of a category.

    Makes a collection and one runner. `warnings` is there when a filter is not supported on the
    domain, and so not applied, when category_url was changed, when a field is not known, or when
    credits are few. Credits for the products are frozen until the run ends: `max_products` of them
    or as many as there are; a run whose credits are spent ends `done`, its coverage `complete`
    false, and `why` says so. `schedule` has it crawled again and again; the first run starts now.
    """
    return added(start(body, once()))


@operation(blueprint, "/preview/", body=AddSchedule, data=PreviewShown, errors=(502, 503))
def preview(body: AddSchedule) -> dict[str, Any]:
    """Show what a crawl would be like, for nothing.

    Takes add_schedule's body, fetches one page of the listing as a short job of high priority, and
    records nothing: no collection, no credit. Until the preview is ready the answer is 503, with
    the seconds after which to send the same body again in Retry-After; the same body joins the job
    that there is, and gets the same answer for ten minutes. A `problem` is why a crawl would fail:
    a filter that the shop does not apply. 429 while three previews of yours are being made.
    """
    return preview_shown(services().previews.of(current_user().id, body))


@operation(blueprint, "/result/", body=GetResult, data=list[Result], errors=(404,))
def result(body: GetResult) -> Any:
    """Say how the newest runner of a collection stands.

    The stages are queued, scraping, done and failed. Once it is done, `asins` holds the products,
    until the operator removes the files of old runs: then `files_removed_at` and `files_removed_by`
    say when and why, `is_download_generated` is false and no link is left; `stage` stays.
    `include_asins` false leaves the products out, `limit` and `skip` give a page of them. Where the
    operator has results copied elsewhere, `exports` says what is there and what is not yet.
    """
    runner = services().jobs.refresh(own_runner(body.collection_id))
    folder = folder_of(runner)
    is_there = runner.stage is Stage.DONE and runner.files_removed_at is None
    is_whole = is_there and folder.has_whole_result()
    if is_whole and body.include_asins:
        with suppress(FileNotFoundError):
            return _with_products(runner, folder.rows.open("rb"), body)
        is_whole = False
    return [_result(runner, is_whole=is_whole, asins=[])]


@operation(blueprint, "/cancel/", body=CollectionId, data=Revoked, errors=(404,))
def cancel(body: CollectionId) -> dict[str, Any]:
    """End the newest runner of a collection.

    `revoked` tells whether its job was found and is being stopped, or was still held back. What it
    had found is kept.
    """
    runner = own_runner(body.collection_id)
    return {"id": runner.collection.id, "revoked": services().jobs.cancel(runner)}


@operation(blueprint, "/list/", body=ListCollections, data=Collections)
def list_collections(body: ListCollections) -> dict[str, Any]:
    """List one's collections, newest first, each with its newest runner."""
    stage = Stage.of(body.status) if body.status else None
    total, runners = services().store.runners.page(current_user().id, stage, body.limit, body.skip)
    return {"total": total, "items": reports_of([*map(latest, runners)])}


@operation(blueprint, "/rename/", body=RenameCollection, data=Renamed, errors=(404,))
def rename(body: RenameCollection) -> dict[str, Any]:
    """Give a collection another name."""
    collection = own_runner(body.collection_id).collection
    services().store.runners.rename_collection(collection.user, collection.id, body.name)
    return {"id": collection.id, "name": body.name}


@operation(blueprint, "/delete/", body=CollectionId, data=CollectionDeleted, errors=(404, 409))
def delete_collection(body: CollectionId) -> dict[str, Any]:
    """Delete a collection with its runs, their files, its products' history, schedule and alerts.

    It cannot be undone. Credits that its runs have used stay used; what was to be told of them and
    is not sent yet is not sent. It is refused with 409 while a run is open: cancel it first.
    """
    delete(services().store, services().jobs.refresh(own_runner(body.collection_id)))
    return {"id": body.collection_id, "deleted": True}


def added(answer: Answer) -> dict[str, Any]:
    """The answer about a runner that was started; :class:`api.rest.schemas.Added` as data."""
    data: dict[str, Any] = {"id": answer.collection, "runner_id": answer.runner}
    return data | ({"warnings": answer.warnings} if answer.warnings else {})


def _result(runner: Runner, *, is_whole: bool, asins: object) -> dict[str, Any]:
    """:class:`api.rest.schemas.Result` as data."""
    exports = exports_of(services().store, runner)
    return {**report_of(runner, is_whole=is_whole), "exports": exports, "asins": asins}


def _with_products(runner: Runner, file: IO[bytes], body: GetResult) -> Any:
    """The answer with all products, or with one page of them."""
    if body.limit is None and not body.skip:
        return _with_file(runner, file)
    with file:
        end = None if body.limit is None else body.skip + body.limit
        page = [from_json(line) for line in islice(rows_in(file), body.skip, end)]
    return [_result(runner, is_whole=True, asins=page)]


def _with_file(runner: Runner, file: IO[bytes]) -> Response:
    """The envelope with the result file spliced in: neither parsed nor held in memory."""
    data = [_result(runner, is_whole=True, asins=_PLACEHOLDER)]
    before, _, after = enveloped(HTTPStatus.OK, data, 1).rpartition(to_json(_PLACEHOLDER))
    spliced = SplicedFile(before, file, after)
    # The server's own wrapper sends a file piece by piece, without a thread and without copies.
    response = Response(
        wrap_file(request.environ, cast(IO[bytes], spliced)),
        http_status(HTTPStatus.OK),
        mimetype="application/json",
        direct_passthrough=True,
    )
    response.content_length = spliced.size
    return response
