"""The header ``Idempotency-Key``, under which a request is done once however often it is sent."""

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from flask import request
from pydantic_core import from_json

from api.rest.auth import current_user
from api.rest.problem import ApiError
from api.store.idempotency import Once

HEADER = "Idempotency-Key"
LONGEST = 255
"""Characters."""
PATTERN = "[!-~]+"
"""ASCII without spaces and control characters."""


def once() -> Once | None:
    """What the current request's key stands for; None without one. Raises ApiError 400."""
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not re.fullmatch(PATTERN, key) or len(key) > LONGEST:
        sent = _as_sent(key)
        raise ApiError(
            400,
            f"{HEADER} is {sent[:80]!r}, of {len(sent)} characters: it must be 1 to "
            f"{LONGEST} ASCII characters without spaces, such as a UUID",
            field=HEADER,
        )
    body = request.get_data()
    return Once(current_user().id, key, _fingerprint(from_json(body) if body.strip() else {}))


def _as_sent(key: str) -> str:
    """A header's text, which WSGI has read as Latin-1, as the UTF-8 that most clients send."""
    try:
        return key.encode("latin-1").decode()
    except UnicodeDecodeError:
        return key


def once_of_form(key: str, fields: Mapping[str, Any]) -> Once:
    """What a form's own key stands for; filled in otherwise, the form is another request."""
    fingerprint = _fingerprint(fields)
    return Once(current_user().id, f"{key[:LONGEST]} {fingerprint}", fingerprint)


def _fingerprint(fields: Any) -> str:
    """A hash of the call and its fields, whose order does not matter."""
    call = [request.path.rstrip("/"), fields]
    return sha256(json.dumps(call, sort_keys=True).encode()).hexdigest()
