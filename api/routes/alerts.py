"""Alerts of one's own collections: set the rules, which tries them, and see them."""

from typing import Any

from flask import Blueprint

from api.alerts.findings import Findings, Tried, find
from api.alerts.saved_rules import save_rules, saved_rules
from api.rest.alert_schemas import Alerts, AlertsSet, SetAlerts
from api.rest.operation import operation
from api.rest.ownership import own_runner
from api.rest.schemas import CollectionId
from api.services import services
from api.store.records import NoticeAbout, TriedAlert

blueprint = Blueprint("alerts", __name__, url_prefix="/schedules/amazon/category")


@operation(blueprint, "/set_alerts/", body=SetAlerts, data=AlertsSet, errors=(404, 503))
def set_alerts(body: SetAlerts) -> dict[str, Any]:
    """Set the rules of a collection's alerts.

    When a run ends, one mail and one webhook tell what its rules have found. Before they are saved
    all rules are tried against the last two runs: `count` and `items` say what they would have
    told. A rule that cannot be tried is saved all the same. 503 means that a run's list is being
    prepared: nothing is saved, ask again.
    """
    services().jobs.refresh(own_runner(body.collection_id))
    found = _tried(body)
    if not body.dry_run:
        save_rules(services().store, body.collection_id, body.rules)
    return {
        "id": body.collection_id,
        "saved": not body.dry_run,
        "from_runner": found.from_runner,
        "to_runner": found.to_runner,
        "why": found.why,
        "rules": found.matches,
    }


@operation(blueprint, "/get_alerts/", body=CollectionId, data=Alerts, errors=(404,))
def get_alerts(body: CollectionId) -> dict[str, Any]:
    """Get the rules of a collection's alerts, and what they have found last."""
    collection = own_runner(body.collection_id).collection.id
    alerts = services().store.alerts
    tried = alerts.last_tried(collection)
    return {
        "id": collection,
        "rules": saved_rules(services().store, collection),
        "last": _shown(tried) if tried else None,
    }


def _tried(body: SetAlerts) -> Findings:
    store, downloads = services().store, services().downloads
    return find(store, downloads, body.rules, Tried.last(store, body.collection_id))


def _shown(tried: TriedAlert) -> dict[str, Any]:
    found = Findings.model_validate_json(tried.found)
    return {
        "runner_id": tried.runner,
        "tried_at": tried.tried_at,
        "from_runner": found.from_runner,
        "is_told": services().store.notices.is_told(tried.runner, NoticeAbout.ALERT),
        "rules": found.matches,
    }
