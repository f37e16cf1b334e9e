"""How long the files of one's own runs are kept: set the rule, and see it."""

from typing import Any

from flask import Blueprint

from api.rest.operation import operation
from api.rest.ownership import own_runner
from api.rest.retention_schemas import Retained, RetentionSet, SetRetention
from api.rest.schemas import CollectionId
from api.runners.retention import expired_in, general_rule
from api.services import services
from api.store.retention import Retention

blueprint = Blueprint("retention", __name__, url_prefix="/schedules/amazon/category")


@operation(blueprint, "/set_retention/", body=SetRetention, data=RetentionSet, errors=(404,))
def set_retention(body: SetRetention) -> dict[str, Any]:
    """Set how long the files of a collection's runs are kept, or remove the rule.

    The files of a run go once it ended so many days ago, or once so many newer runs have ended.
    Stage, count, coverage and the history of products stay; `files_removed_by` names the rule. The
    newest run that is done always stays, and so do open runs and what they continue. Ask with
    `dry_run` first: what is removed does not come back.
    """
    collection = own_runner(body.collection_id).collection.id
    given = body.retention
    rule = Retention(given.days, given.runs) if given else None
    if not body.dry_run:
        services().store.retention.set(collection, rule)
    return _shown(collection, rule) | {"saved": not body.dry_run}


@operation(blueprint, "/get_retention/", body=CollectionId, data=Retained, errors=(404,))
def get_retention(body: CollectionId) -> dict[str, Any]:
    """Get the rule by which the files of a collection's runs are removed."""
    collection = own_runner(body.collection_id).collection.id
    return _shown(collection, services().store.retention.of(collection))


def _shown(collection: int, own: Retention | None) -> dict[str, Any]:
    general = general_rule(services().settings)
    rule = own or general
    expired = expired_in(services().store, collection, rule) if rule else []
    return {
        "id": collection,
        "retention": _fields(own),
        "of_all": _fields(general),
        "expired": [runner.id for runner in expired],
    }


def _fields(rule: Retention | None) -> dict[str, Any] | None:
    return {"days": rule.days, "runs": rule.runs} if rule else None
