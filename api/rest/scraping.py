"""Who may read the metrics: Prometheus with the operator's token, else this machine alone."""

from hmac import compare_digest

from flask import request

from api.config import is_loopback
from api.rest.auth import limit_address
from api.rest.problem import ApiError
from api.services import services

_SET_ONE = "set metrics_token in [api], and have Prometheus send it as a bearer token"


def admit_scraper() -> None:
    """Raise ApiError 401 without the token, 403 where there is none and the caller may be anybody.

    Behind a proxy everybody seems to come from this machine, so the token is needed there.
    """
    settings = services().settings
    if settings.metrics_token:
        _check(settings.metrics_token)
    elif settings.trusted_proxy or settings.public_url:
        raise ApiError(403, f"Behind a proxy the metrics are shown with a token only: {_SET_ONE}")
    elif not is_loopback(request.remote_addr or ""):
        raise ApiError(403, f"The metrics are shown to this machine only: {_SET_ONE}")


def _check(token: str) -> None:
    kind, _, given = request.headers.get("Authorization", "").strip().partition(" ")
    # Bytes, because a header may hold other letters than ASCII's.
    is_right = compare_digest(given.strip().encode(), token.encode())
    if kind.lower() != "bearer" or not is_right:
        limit_address()
        raise ApiError(401, "Send Authorization: Bearer TOKEN with the metrics_token of [api]")
