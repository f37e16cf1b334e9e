"""The menu: the pages that every page links to."""

from typing import Any

from flask import Flask

from api.rest.auth import current_user, is_authenticated
from api.store.records import Role, User

_PAGES = (
    ("New crawl", "new_crawl.form"),
    ("Collections", "collections.listed"),
    ("Postcodes", "postcodes.listed"),
    ("Account", "account.show"),
)
_FOR_OPERATORS = (
    ("Service", "operator_service.show"),
    ("All runs", "operator_runs.listed"),
    ("Users", "operator_users.listed"),
)


def init_app(app: Flask) -> None:
    """Give every template the reader, and the pages that there are for that user."""
    app.context_processor(_menu)


def _menu() -> dict[str, Any]:
    reader: User | None = current_user() if is_authenticated() else None
    more = _FOR_OPERATORS if reader and reader.role is Role.OPERATOR else ()
    return {"reader": reader, "pages": (*_PAGES, *more) if reader else ()}
