"""Starts the crawl that a client or a person asks for."""

from api.notices.webhook import why_refused
from api.rest.auth import current_user
from api.rest.problem import ApiError
from api.runners.request import AddSchedule
from api.services import services
from api.store.idempotency import Answer, Once


def start(body: AddSchedule, once: Once | None) -> Answer:
    """Start a crawl of the current user's.

    Raises ApiError if its webhook cannot be called, and as :meth:`.Jobs.start`.
    """
    _check_webhook(body)
    return services().jobs.start(current_user().id, body, body.warnings, once)


def _check_webhook(body: AddSchedule) -> None:
    allowed = services().settings.webhook_private_addresses
    why = why_refused(str(body.webhook_url), private_allowed=allowed) if body.webhook_url else ""
    if why:
        raise ApiError(400, f"webhook_url cannot be called: {why}", field="webhook_url")
