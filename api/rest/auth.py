"""Authentication: the user of a request's API key or session token."""

from hmac import compare_digest

from flask import g, request

from api.accounts.secret import hash_of
from api.config import is_loopback
from api.rest.problem import ApiError
from api.services import services
from api.store.records import Credential, User

_OTHER_SCHEMES = ("basic", "bearer", "digest", "apikey", "key")


class TooManyRequests(ApiError):
    """Raised beyond the rate limit."""

    def __init__(self, limit: object, seconds: int) -> None:
        super().__init__(429, f"More than {limit}: try again in {seconds} s", retry_after=seconds)
        self.seconds = seconds


def authenticate() -> None:
    """Find the request's user. Raises ApiError 401, or TooManyRequests."""
    secret = _presented()
    if secret is None:
        limit_address()
        raise ApiError(401, f"{_why_none()}: send x-api-key: KEY or Authorization: Token TOKEN")
    presented = hash_of(secret)
    found = services().store.users.credential(presented)
    if found is None or not compare_digest(found.hash, presented):
        limit_address()
        said = "it is unknown, expired or revoked, or its user is disabled"
        raise ApiError(401, f"The key or token is not valid: {said}")
    limit(presented)
    g.credential = found


def limit_address() -> None:
    """Count a request without a good credential. Raises TooManyRequests."""
    limit(f"address {request.remote_addr}")


def current_credential() -> Credential:
    """The key or token of an authenticated request."""
    credential: Credential = g.credential
    return credential


def current_user() -> User:
    """The user of an authenticated request."""
    return current_credential().user


def is_authenticated() -> bool:
    """Whether the request is authenticated."""
    return "credential" in g


def _presented() -> str | None:
    """The credential from either header; keys and tokens work in both."""
    if key := request.headers.get("x-api-key"):
        return key.strip()
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if kind.lower() == "token" else None


def _why_none() -> str:
    """Why no credential was found; it repeats no secret."""
    kind, _, secret = request.headers.get("Authorization", "").strip().partition(" ")
    if kind.lower() in _OTHER_SCHEMES:
        return f"Authorization of the kind {kind.capitalize()} is not taken"
    if kind.lower() == "token" and not secret.strip():
        return "Authorization: Token has no token"
    return "Authorization must begin with the word Token" if kind else "No credential"


def limit(who: str) -> None:
    """Count a request of someone. Raises TooManyRequests."""
    settings = services().settings
    if is_loopback(request.remote_addr or "") and not settings.rate_limit_loopback:
        return
    seconds = services().rate_limit.take(who)
    if seconds:
        raise TooManyRequests(settings.rate_limit, seconds)
