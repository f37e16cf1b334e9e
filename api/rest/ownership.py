"""Finds what belongs to the user who asks; what belongs to others does not exist for them."""

from api.products.comparison import Comparison
from api.rest.auth import current_user
from api.rest.problem import ApiError
from api.rest.schemas import LARGEST_ID
from api.runners.attempts import job_name
from api.services import services
from api.store.records import Runner, Zipcode
from category_crawler.log_lines import add_ids, ids_of_job


class NotYours(ApiError):
    """Raised if there is no such thing, or it belongs to another user."""

    def __init__(self, sentence: str) -> None:
        super().__init__(404, sentence)


def own_runner(collection_id: int, runner_id: int | None = None) -> Runner:
    """A runner of one's own collection, the newest by default. Raises NotYours if there is none."""
    user, runners = current_user().id, services().store.runners
    if max(collection_id, runner_id or 0) > LARGEST_ID:
        raise NotYours(f"There is no collection {collection_id} of yours")
    if runner_id is not None:
        runner = runners.own(user, collection_id, runner_id)
        missing = f"There is no runner {runner_id} in a collection {collection_id} of yours"
    else:
        runner = runners.newest(user, collection_id)
        missing = f"There is no collection {collection_id} of yours"
    if runner is None:
        raise NotYours(missing)
    add_ids(ids_of_job(job_name(runner)))
    return runner


def own_zipcode(number: int) -> Zipcode:
    """One of one's own delivery sessions. Raises NotYours if there is none."""
    zipcode = services().store.sessions.own_zipcode(current_user().id, number)
    if zipcode is None:
        raise NotYours(f"There is no zipcode {number} of yours")
    return zipcode


def own_comparison(collection_id: int, before: int | None, after: int | None) -> Comparison:
    """Two runs of one's own collection, the last two that are done by default.

    Raises NotYours if one is not there, NothingToCompare if they cannot be compared.
    """
    newest = own_runner(collection_id)
    services().jobs.refresh(newest)
    try:
        return Comparison.of(services().store, newest, before, after)
    except LookupError as error:
        raise NotYours(str(error.args[0])) from None
