"""The menu, and what else every page knows: who reads it, and whether mails are sent."""

from dataclasses import dataclass
from typing import Any

from flask import Flask, request

from api.rest.auth import current_user, is_authenticated
from api.services import services
from api.store.records import Role, User


@dataclass(frozen=True, slots=True)
class Entry:
    """A page of the menu."""

    name: str
    endpoint: str
    subpages: tuple[str, ...] = ()
    """Blueprints of the pages that it leads to."""

    @property
    def current(self) -> str:
        """Its ``aria-current``: whether the reader is there, or on a page below; else empty."""
        if request.endpoint == self.endpoint:
            return "page"
        own = self.endpoint.partition(".")[0]
        return "true" if request.blueprint in (own, *self.subpages) else ""


_OF_COLLECTIONS = ("run", "run_products", "run_changes", "product")
_OF_ACTIONS = ("collection", "repeats", "alert_rules")
"""Their forms are on the page of a run, which is shown again if something is wrong."""
_PAGES = (
    Entry("New crawl", "new_crawl.form"),
    Entry("Collections", "collections.listed", _OF_COLLECTIONS + _OF_ACTIONS),
    Entry("Postcodes", "postcodes.listed"),
    Entry("Account", "account.show"),
)
_FOR_OPERATORS = (
    Entry("Service", "operator_service.show", ("job_log",)),
    Entry("All runs", "operator_runs.listed"),
    Entry("Users", "operator_users.listed"),
    Entry("Audit trail", "operator_audit.listed"),
)


def init_app(app: Flask) -> None:
    """Give every template the reader, the pages for that user, and whether mails are sent."""
    app.context_processor(_menu)


def _menu() -> dict[str, Any]:
    reader: User | None = current_user() if is_authenticated() else None
    more = _FOR_OPERATORS if reader and reader.role is Role.OPERATOR else ()
    return {
        "reader": reader,
        "pages": (*_PAGES, *more) if reader else (),
        "sends_mails": bool(services().settings.smtp_host),
    }
