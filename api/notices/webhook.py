"""Webhooks: signed calls to a user's address about runs and alerts, and only to public ones.

Calls are signed as https://www.standardwebhooks.com has it; see ``examples/webhook.py``. The
``X-`` headers of version 0.1 are sent as well until 0.3: ``X-Signature`` is HMAC-SHA256, with the
same key, over ``X-Timestamp``, a dot and the body.
"""

import asyncio
import hmac
import socket
import ssl
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from pydantic_core import to_json
from standardwebhooks import Webhook
from yarl import URL

from api.alerts.report import AlertReport
from api.config import Settings
from api.host_name import fault_in
from api.notices.event_loop import run
from api.notices.public_address import NotPublic, addresses_of, is_known_not_public
from api.notices.undelivered import NotDelivered
from api.runners.report import Report
from api.store.records import Notice
from category_crawler.files.home import var_folder
from category_crawler.files.secret import secret_in

_GONE = 410
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
    return f"whsec_{b64encode(_key(user)).decode()}"


def _key(user: int) -> bytes:
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


def call_webhook(notice: Notice, told: Report | AlertReport, user: int, settings: Settings) -> None:
    """Post the report of a run or of an alert. Raises NotDelivered unless the receiver answers 2xx.

    Redirects are not followed: where they lead has not been checked.
    """
    body = to_json(told).decode()
    host = urlsplit(notice.target).hostname
    try:
        url = URL(notice.target, encoded=True)
        status = run(_post, url, body.encode(), _headers(notice, user, body), settings)
    except NotPublic as error:
        raise NotDelivered(f"{error}: it was not called", for_good=True) from None
    except aiohttp.ClientSSLError:
        raise NotDelivered(f"{host} has no certificate that can be trusted, or no TLS") from None
    except TimeoutError:
        raise NotDelivered(f"{host} took longer than {settings.notice_timeout:g} s") from None
    # ValueError: an older version took hosts that are no names.
    except (OSError, ValueError, aiohttp.ClientError) as error:
        raise NotDelivered(f"{type(error).__name__}: {host} could not be called") from None
    if not 200 <= status < 300:
        raise NotDelivered(f"{host} answered {status}", for_good=status == _GONE)


def _headers(notice: Notice, user: int, body: str) -> dict[str, str]:
    now, key = datetime.now(UTC), _key(user)
    timestamp = str(int(now.timestamp()))
    older = hmac.digest(key, f"{timestamp}.{body}".encode(), sha256)
    return {
        "Content-Type": "application/json",
        "User-Agent": "category_crawler",
        "webhook-id": notice.event,
        "webhook-timestamp": timestamp,
        "webhook-signature": Webhook(key).sign(notice.event, now, body),
        "X-Event-Id": notice.event,
        "X-Timestamp": timestamp,
        "X-Signature": f"sha256={older.hex()}",
    }


async def _post(url: URL, body: bytes, headers: dict[str, str], settings: Settings) -> int:
    """The status of the response, whose body is not read. Raises TimeoutError."""
    async with asyncio.timeout(settings.notice_timeout):
        addresses = await asyncio.to_thread(
            addresses_of,
            url.raw_host or "",
            url.port or 443,
            private_allowed=settings.webhook_private_addresses,
        )
        connector = aiohttp.TCPConnector(
            resolver=_Checked(addresses), use_dns_cache=False, ssl=ssl.create_default_context()
        )
        # Our timeout includes the DNS lookup.
        no_timeout = aiohttp.ClientTimeout()
        async with aiohttp.ClientSession(connector=connector, timeout=no_timeout) as session:
            answer = await session.post(url, data=body, headers=headers, allow_redirects=False)
            answer.close()
            return answer.status


class _Checked(AbstractResolver):
    """Resolves to the addresses that were checked: a second lookup may give others."""

    def __init__(self, addresses: list[str]) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": known,
                "proto": socket.IPPROTO_TCP,
                "flags": socket.AI_NUMERICHOST,
            }
            for address in self._addresses
            if (known := _family(address)) and family in (known, socket.AF_UNSPEC)
        ]

    async def close(self) -> None:
        """Required by the base class; nothing is open."""


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET
