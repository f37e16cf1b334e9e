"""Who is asking: the user of a request's API key or session token."""

from hmac import compare_digest
from typing import cast

from flask import current_app, g, request

from api.envelope import ApiError
from api.secret import hash_of
from api.store import Row, Store


def authenticate() -> None:
    """Find the request's user. Raises ApiError 401."""
    secret = _presented()
    if secret is None:
        raise ApiError(401, "No credential: send x-api-key: KEY or Authorization: Token TOKEN")
    store = cast(Store, current_app.extensions["store"])
    presented = hash_of(secret)
    user = store.user_of(presented)
    if user is None or not compare_digest(user["hash"], presented):
        raise ApiError(401, "The key or token is not valid: it is unknown, expired or revoked")
    g.user = user


def current_user() -> Row:
    """The user of an authenticated request."""
    return cast(Row, g.user)


def _presented() -> str | None:
    """The credential of either header; they are interchangeable."""
    if key := request.headers.get("x-api-key"):
        return key.strip()
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if kind.lower() == "token" else None
