"""Who is asking: API keys and session tokens, stored as hashes only."""

import secrets
from hashlib import sha256
from typing import cast

from flask import current_app, g, request

from api.envelope import ApiError
from api.store import Row, Store

_KEY_BYTES = 32


def new_secret() -> str:
    """A key or token of 256 random bits: no dictionary helps, so a fast hash is enough."""
    return secrets.token_urlsafe(_KEY_BYTES)


def hash_of(secret: str) -> str:
    """What is stored in a key's or token's place."""
    return sha256(secret.encode()).hexdigest()


def authenticate() -> None:
    """Find the request's user. Raises ApiError 401."""
    secret = _presented()
    if secret is None:
        raise ApiError(401, "No credential: send x-api-key: KEY or Authorization: Token TOKEN")
    store = cast(Store, current_app.extensions["store"])
    user = store.user_of(hash_of(secret))
    if user is None:
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
