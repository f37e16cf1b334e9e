"""What has changed between two runs of a collection."""

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.products.comparison import Comparison, NothingToCompare
from api.products.differences import KINDS, Changes, read_changes
from api.products.downloads import NotReady
from api.products.forms import CHANGES_FORMS
from api.products.moves import Move, Prices, moves_of, prices_of
from api.rest.ownership import own_comparison, own_runner
from api.rest.run_files import changes_file
from api.services import services
from api.web.download import download
from api.web.page import page
from api.web.pictures import picture_host
from api.web.problems import why_no_table

blueprint = page("run_changes", __name__, "/collections/<int:collection_id>/changes")
_PAGE = 50
_MOST_SKIPPED = 2**31
_WORDS = {
    "new": "New",
    "gone": "Gone",
    "not_seen": "Not seen",
    "price_up": "Price up",
    "price_down": "Price down",
    "back_in_stock": "Back in stock",
    "out_of_stock": "Out of stock",
    "list_price": "List price",
    "coupon": "Coupon",
    "rating": "Rating",
}


@blueprint.get("/")
def show(collection_id: int) -> ResponseReturnValue:
    """The changes of some kinds or of all, a page of them."""
    newest = own_runner(collection_id)
    kinds = tuple(kind for kind in KINDS if kind in request.args.getlist("kind"))
    skip = min(max(0, request.args.get("skip", 0, int)), _MOST_SKIPPED)
    comparison, is_comparable, waiting = None, True, None
    changes, moves, prices = Changes({}, 0), list[Move](), list[Prices]()
    try:
        comparison = own_comparison(collection_id, _number("from"), _number("to"))
        changes, moves, prices = _found(comparison, kinds, skip)
    except NothingToCompare:
        is_comparable = False
    except NotReady as error:
        waiting = error
    return render_template(
        "web/run_changes.html",
        newest=newest,
        collection=newest.collection,
        domain=newest.collection.request.domain,
        runners=services().store.runners.ended_in(collection_id),
        comparison=comparison,
        is_comparable=is_comparable,
        waiting=waiting,
        trouble=why_no_table(waiting),
        kinds=kinds,
        words=_WORDS,
        skip=skip,
        limit=_PAGE,
        changes=changes,
        moves=moves,
        prices=prices,
        forms=CHANGES_FORMS,
        has_pictures=bool(picture_host()),
    )


@blueprint.get(
    f"/<int:before>/<int:after>/changes.<any({', '.join(CHANGES_FORMS)}):ending>",
)
def file(collection_id: int, before: int, after: int, ending: str) -> Response:
    """Download all changes between two runs."""
    comparison = own_comparison(collection_id, before, after)
    place = {"from": str(before), "to": str(after)}
    back = url_for("run_changes.show", collection_id=collection_id, **place)  # type: ignore[arg-type]
    return download(lambda: changes_file(comparison, ending), back)


def _found(
    comparison: Comparison, kinds: tuple[str, ...], skip: int
) -> tuple[Changes, list[Move], list[Prices]]:
    downloads = services().downloads
    with comparison.table(downloads) as table:
        changes, moves = read_changes(table.path, kinds, _PAGE, skip), moves_of(table.path)
    with comparison.datasets(downloads) as (before, after):
        return changes, moves, prices_of(before.path, after.path)


def _number(name: str) -> int | None:
    """A runner's number in the address; None if nothing is chosen."""
    return request.args.get(name, None, int)
