"""What can be done with a collection: cancel, run again, go on, rename, delete."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import TypeAdapter, ValidationError

from api.rest.auth import current_user
from api.rest.ownership import own_runner
from api.runners.attempts import place_of
from api.runners.deletion import delete
from api.runners.repeats import NotRepeatable
from api.runners.request import CollectionName
from api.services import services
from api.store.records import Runner, SessionStatus
from api.web.page import own_path, page
from api.web.run import Typed, address, handle_on_the_run, shown
from category_crawler.domain_config import DOMAINS
from category_crawler.errors import RunError

blueprint = page("collection", __name__, "/collections/<int:collection_id>")
handle_on_the_run(blueprint)
_NAME: TypeAdapter[str] = TypeAdapter(CollectionName)


@blueprint.post("/cancel")
def cancel(collection_id: int) -> ResponseReturnValue:
    """End the newest run."""
    runner = own_runner(collection_id)
    was_open = services().jobs.cancel(runner)
    if (services().store.runners.get(runner.id) or runner).is_stopping:
        flash("The run is being cancelled. This takes some seconds.")
    elif was_open:
        flash("The run is cancelled. What it had found is kept.")
    else:
        flash("The run had ended already.")
    return back_to(runner)


@blueprint.post("/rerun")
def rerun(collection_id: int) -> ResponseReturnValue:
    """Crawl the category again, from nothing."""
    started = services().repeats.rerun(own_runner(collection_id))
    flash("A new run has been queued.")
    return redirect(address(started.collection, started.runner))


@blueprint.post("/resume")
def resume(collection_id: int) -> ResponseReturnValue:
    """Go on with the newest run, which has failed, as a new one."""
    try:
        made = services().jobs.resume(own_runner(collection_id))
    except RunError as error:
        raise NotRepeatable(_sentence(error)) from None
    flash("Continued as a new run, after its last finished page.")
    return redirect(address(collection_id, made.id))


@blueprint.post("/session")
def new_session(collection_id: int) -> ResponseReturnValue:
    """Have the delivery session of the collection made anew."""
    runner = own_runner(collection_id)
    domain, postcode = place_of(runner)
    made = services().sessions.make(current_user().id, DOMAINS[domain], postcode, None)
    flash(
        f"The delivery session of {postcode} is there."
        if made.session.status is SessionStatus.ACTIVE
        else f"The delivery session of {postcode} is being renewed, which takes about a minute."
    )
    return back_to(runner)


@blueprint.post("/rename")
def rename(collection_id: int) -> ResponseReturnValue:
    """Give the collection another name."""
    runner = own_runner(collection_id)
    try:
        name = _NAME.validate_python(" ".join(request.form.get("name", "").split()))
    except ValidationError:
        fault = "A name has 1 to 255 characters."
        typed = Typed({"name": request.form.get("name", "")}, {"name": fault})
        return shown(runner, {"name": typed}, 400)
    services().store.runners.rename_collection(current_user().id, collection_id, name)
    flash("The collection has its new name.")
    return back_to(runner)


@blueprint.post("/delete")
def remove(collection_id: int) -> ResponseReturnValue:
    """Delete the collection with everything that belongs to it."""
    newest = services().jobs.refresh(own_runner(collection_id))
    delete(services().store, newest)
    flash("The collection is deleted, with its runs, products and price history.")
    return redirect(url_for("collections.listed"))


def back_to(runner: Runner) -> ResponseReturnValue:
    """The page that the form was on, else that of the collection's run."""
    wanted = own_path(request.form.get("back", ""))
    return redirect(wanted or address(runner.collection.id, runner.id))


def _sentence(error: Exception) -> str:
    said = str(error)
    return said[:1].upper() + said[1:]
