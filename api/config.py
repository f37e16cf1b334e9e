"""The API's settings: environment first, then the ``[api]`` table of ``settings.toml``."""

import os
import tomllib
from dataclasses import dataclass, field, fields
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Self

from limits import parse

from api.host_name import fault_in
from category_crawler.daemon.address import port_named
from category_crawler.files.home import settings_file

_PREFIX = "CATEGORY_CRAWLER_"
_TLS_MODES = ("starttls", "tls", "none")
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}
_KINDS = {int: "a whole number", float: "a number"}


@dataclass(frozen=True, slots=True)
class Settings:
    """Each is read from ``CATEGORY_CRAWLER_<NAME>``, else from ``<name>`` in the table."""

    always_http_200: bool = False
    """Answer enveloped calls with HTTP 200 whatever happened, for clients that expect it."""
    public_url: str = ""
    """What links begin with; the request's own base where it is empty."""
    cancel_grace: float = 20.0
    """Seconds between a cancel's INT and the KILL."""
    lost_after: float = 5.0
    """Seconds for which Scrapyd must not know a job before it counts as lost."""
    stalled_attempts: int = 3
    """Attempts in a row without a further page after which a run has crashed for good."""
    hung_after: float = 900.0
    """Seconds without a sign of life, announced pauses apart, after which a spider is killed."""
    longest_wait: float = 86_400.0
    """Seconds for which a job may wait for a slot before the service is not well."""
    watch_interval: float = 2.0
    """Seconds between two looks of the watcher."""
    smtp_host: str = ""
    """The mail server; no mails where it is empty."""
    smtp_port: int = 587
    smtp_tls: str = "starttls"
    """``starttls``, ``tls`` from the first byte on, or ``none``."""
    smtp_user: str = ""
    """No login where it is empty."""
    smtp_password: str = field(default="", repr=False)
    smtp_password_file: str = ""
    """A file that holds the password in its place."""
    smtp_sender: str = ""
    """Such as ``Crawler <crawler@example.org>``."""
    notice_timeout: float = 30.0
    """Seconds that the delivery of one mail, or the call of one webhook, may take in all."""
    notice_lease: float = 300.0
    """Seconds after which a notice that a watcher left in the middle of sending is sent anew."""
    webhook_private_addresses: bool = False
    """Call webhooks on this machine and on private networks, too."""
    credit_reserve: int = 20_000
    """Credits frozen for a run without ``max_products``, as far as its user has them."""
    new_user_credits: int = 0
    """Granted to a new user; the first of an installation is without limit."""
    rate_limit: str = "600/minute"
    """Requests of one credential, such as ``10/second``; no limit where it is empty."""
    rate_limit_loopback: bool = False
    """Limit clients on this machine as well."""
    trusted_proxy: str = ""
    """The address of a reverse proxy whose word on clients' addresses is believed."""
    min_free_bytes: int = 200_000_000
    """Free space below which the service is not well."""
    downloads_bytes: int = 2_000_000_000
    """Space for CSV downloads that were made; what nobody asks for goes first."""
    token_lifetime: float = 7 * 86_400.0
    """Seconds from a login until its token expires."""

    def __post_init__(self) -> None:
        _check_rate(self.rate_limit)
        _check_proxy(self.trusted_proxy)
        if not self.watch_interval:
            raise ValueError("watch_interval is 0: the watcher must rest between two looks")
        _check_notice_times(self.notice_timeout, self.notice_lease)
        if self.smtp_tls not in _TLS_MODES:
            raise ValueError(f"smtp_tls is {self.smtp_tls!r}: it must be {', '.join(_TLS_MODES)}")
        if self.smtp_host and "@" not in self.smtp_sender:
            raise ValueError("smtp_host is set, so smtp_sender must be an e-mail address")
        if self.smtp_host and (fault := fault_in(self.smtp_host)):
            raise ValueError(f"smtp_host is {self.smtp_host!r}: {fault}")
        if self.smtp_tls == "none" and self.smtp_user and not is_loopback(self.smtp_host):
            raise ValueError("smtp_tls is none: the password would travel readable for all")

    @property
    def smtp_secret(self) -> str:
        """The mail server's password. Raises OSError where its file cannot be read."""
        if self.smtp_password_file:
            return Path(self.smtp_password_file).read_text(encoding="utf-8").strip()
        return self.smtp_password

    @classmethod
    def load(cls) -> Self:
        """Raises ValueError naming a setting that cannot be read."""
        table = _table()
        given: dict[str, Any] = {}
        for known in fields(cls):
            text = os.environ.get(_PREFIX + known.name.upper())
            value = table.get(known.name) if text is None else text
            if value is not None:
                given[known.name] = _read(known.name, value, type(known.default))
        return cls(**given)


def api_port() -> int:
    """``API_PORT``, else 8000. Raises ValueError with a sentence where it is none."""
    return port_named("API_PORT", 8000)


def _check_rate(rate: str) -> None:
    try:
        amount = parse(rate or "1/second").amount
    except ValueError:
        raise ValueError(f"rate_limit is {rate!r}: it must be such as 600/minute") from None
    if not amount:
        raise ValueError(f"rate_limit is {rate!r}, which lets nobody in: leave it empty for none")


def _check_proxy(proxy: str) -> None:
    try:
        ip_address(proxy or "127.0.0.1")
    except ValueError:
        raise ValueError(f"trusted_proxy is {proxy!r}: it must be an IP address") from None


def _check_notice_times(timeout: float, lease: float) -> None:
    if not timeout:
        raise ValueError("notice_timeout is 0: a delivery must have time")
    # Before and after the delivery itself the database may have to be waited for.
    if not lease >= 2 * timeout:
        raise ValueError(
            f"notice_lease is {lease:g}: it must be at least twice notice_timeout ({timeout:g}), "
            "or what is still being sent is sent again"
        )


@lru_cache(maxsize=1024)  # every request asks, and the same few addresses send most of them
def is_loopback(host: str) -> bool:
    """Whether a host is this machine, as far as its name or address tells."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _table() -> dict[str, Any]:
    if not settings_file().exists():
        return {}
    try:
        table = tomllib.loads(settings_file().read_text(encoding="utf-8")).get("api", {})
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{settings_file()} cannot be read: {error}") from None
    return table if isinstance(table, dict) else {}


def _read(name: str, value: Any, kind: type) -> Any:
    if kind is bool:
        return _truth(name, value)
    try:
        read = kind(value)
    except ValueError:
        raise ValueError(f"the setting {name} must be {_KINDS[kind]}, not {value!r}") from None
    if kind in _KINDS and read < 0:
        raise ValueError(f"the setting {name} is {value}: it must not be below 0")
    return read


def _truth(name: str, value: Any) -> bool:
    word = str(value).lower()
    if word not in _TRUE | _FALSE:
        raise ValueError(f"the setting {name} must be true or false, not {value!r}")
    return word in _TRUE
