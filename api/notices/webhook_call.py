"""Calls a user's webhook about a run or an alert: signed, and only at a public address.

Calls are signed as https://www.standardwebhooks.com has it; see ``examples/webhook.py``. The
``X-`` headers of version 0.1 are sent as well until 0.3: ``X-Signature`` is HMAC-SHA256, with the
same key, over ``X-Timestamp``, a dot and the body.
"""

import asyncio
import hmac
import socket
import ssl
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from pydantic_core import to_json
from standardwebhooks import Webhook
from yarl import URL

from api.alerts.report import AlertReport
from api.config import Settings
from api.notices.event_loop import run
from api.notices.public_address import NotPublic, addresses_of
from api.notices.undelivered import NotDelivered
from api.notices.webhook import signing_key
from api.runners.report import Report
from api.store.records import Notice

_GONE = 410


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
    now, key = datetime.now(UTC), signing_key(user)
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
