"""Where a user's webhooks may lead, and the secret that signs them.

:mod:`.webhook_call` makes the calls.
"""

import hmac
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from api.host_name import fault_in
from api.notices.public_address import is_known_not_public
from category_crawler.files.home import var_folder
from category_crawler.files.secret import secret_in

_HTTPS = 443
_FIRST_FREE = 1024
_TAKEN = frozenset(
    (
        *(1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566),
        *(*range(6665, 6670), 6679, 6697, 10080),
    )
)
"""Ports from 1024 on of services that are no web servers, as browsers have it (WHATWG, fetch)."""


def _may_be_called(port: int) -> bool:
    return port == _HTTPS or (port >= _FIRST_FREE and port not in _TAKEN)


def secret_file() -> Path:
    """The file with the installation's secret, from which the users' secrets are derived."""
    return var_folder() / "webhook.secret"


def signing_secret(user: int) -> str:
    """A user's secret, ``whsec_`` and base64 of 64 bytes.

    With it one can forge calls to that user's receivers, to nobody else's.
    """
    return f"whsec_{b64encode(signing_key(user)).decode()}"


def signing_key(user: int) -> bytes:
    """The bytes of that secret."""
    # Version 0.1 printed these 64 hexadecimal digits; receivers that have them go on working.
    installation = secret_in(secret_file()).encode()
    return hmac.digest(installation, b"webhook %d" % user, sha256).hex().encode()


def why_refused(url: str, *, private_allowed: bool) -> str:
    """Why a webhook's address is refused; empty if it is accepted. Makes no DNS lookup."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.username or parts.password:
        return "it must be without user and password: the signature shows who calls"
    if parts.port == 0:
        return "nothing can listen on port 0"
    if not private_allowed and not _may_be_called(parts.port or _HTTPS):
        return f"port {parts.port} belongs to another service: use 443, or one from 1024 on"
    if not private_allowed and is_known_not_public(host):
        return "it must be a public address"
    return fault_in(host)
