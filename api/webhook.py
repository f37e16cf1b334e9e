"""Webhooks: the call to a user's address when a run has ended, signed, and only to public ones.

The receiver computes HMAC-SHA256 with its user's secret over ``X-Timestamp``, a dot and the body,
and compares it with ``X-Signature``; see ``examples/webhook.py``.
"""

import hmac
import json
import ssl
import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from api.config import Settings
from api.host_name import fault_in
from api.public_address import NotPublic, addresses_of, is_known_not_public
from api.store import Row
from api.undelivered import NotDelivered
from category_crawler.home import var_folder
from category_crawler.secret_file import secret_in

_TIMEOUT = urllib3.Timeout(connect=5, read=10)
_GONE = 410


def secret_file() -> Path:
    """Holds the installation's secret, of which each user's is made."""
    return var_folder() / "webhook.secret"


def signing_secret(user: int) -> str:
    """A user's secret: with it one can forge calls to that user's receivers, to nobody else's."""
    return hmac.digest(secret_in(secret_file()).encode(), b"webhook %d" % user, sha256).hex()


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What ``X-Signature`` holds."""
    signed = hmac.digest(secret.encode(), timestamp.encode() + b"." + body, sha256)
    return f"sha256={signed.hex()}"


def refusal(url: str, *, private_allowed: bool) -> str:
    """Why a webhook's address is not taken, empty where it is; no name server is asked yet."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.username or parts.password:
        return "it must be without user and password: the signature shows who calls"
    if parts.port == 0:
        return "nothing can listen on port 0"
    if not private_allowed and is_known_not_public(host):
        return "it must be a public address"
    return fault_in(host)


def call_webhook(notice: Row, run: dict[str, Any], user: int, settings: Settings) -> None:
    """Post a run's report. Raises NotDelivered unless the receiver answers 2xx.

    Redirects are not followed: where they lead has not been checked.
    """
    body = json.dumps(run, ensure_ascii=False).encode()
    url = urlsplit(notice["target"])
    host, port = url.hostname or "", url.port or 443
    headers = _headers(notice, user, body) | {"Host": url.netloc}
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    try:
        addresses = addresses_of(host, port, private_allowed=settings.webhook_private_addresses)
        status = _post(addresses, host, port, target, body, headers)
    except NotPublic as error:
        raise NotDelivered(f"{error}: it was not called", for_good=True) from None
    except urllib3.exceptions.SSLError:
        raise NotDelivered(f"{host} has no certificate that can be trusted, or no TLS") from None
    except (OSError, HTTPError) as error:
        raise NotDelivered(f"{type(error).__name__}: {host} was not reached") from None
    if not 200 <= status < 300:
        raise NotDelivered(f"{host} answered {status}", for_good=status == _GONE)


def _headers(notice: Row, user: int, body: bytes) -> dict[str, str]:
    timestamp = str(int(time.time()))
    return {
        "Content-Type": "application/json",
        "User-Agent": "category_crawler",
        "X-Event-Id": notice["event"],
        "X-Timestamp": timestamp,
        "X-Signature": signature(signing_secret(user), timestamp, body),
    }


def _post(
    addresses: list[str],
    host: str,
    port: int,
    target: str,
    body: bytes,
    headers: Mapping[str, str],
) -> int:
    """The status of the answer of the first address that takes a connection.

    The connection goes to the address that was checked, while its certificate is the name's.
    """
    for number, address in enumerate(addresses, 1):
        with urllib3.HTTPSConnectionPool(
            address, port, server_hostname=host, ssl_context=ssl.create_default_context()
        ) as pool:
            try:
                answer = pool.request(
                    "POST",
                    target,
                    body=body,
                    headers=headers,
                    redirect=False,
                    retries=False,
                    timeout=_TIMEOUT,
                    preload_content=False,
                )
            except urllib3.exceptions.ConnectTimeoutError:
                if number == len(addresses):
                    raise
            else:
                answer.close()
                return answer.status
    raise OSError("no address")
