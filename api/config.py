"""The API's settings: environment first, then the ``[api]`` table of ``settings.toml``."""

import os
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from limits import parse
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from api.export_url import fault_in_export_url
from api.host_name import fault_in
from api.priorities import HIGHEST_PRIORITY, PRIORITIES
from category_crawler.daemon.address import base_url, port_named, private_address
from category_crawler.environment import PREFIX, check_environment
from category_crawler.errors import InvalidSetting
from category_crawler.misspelling import nearest
from category_crawler.settings_file import read_settings_file

_SHORTEST_TOKEN = 16
_TLS_MODES = ("starttls", "tls", "none")
_EXPECTED = {
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_type": "a whole number",
    "finite_number": "a finite number",
    "bool_parsing": "true or false",
    "string_type": "a text",
}
"""What a setting must be, by pydantic's name for the error."""


def _check_rate(rate: str) -> str:
    try:
        amount = parse(rate or "1/second").amount
    except ValueError:
        raise ValueError(f"rate_limit is {rate!r}: it must be such as 600/minute") from None
    if not amount:
        raise ValueError(f"rate_limit is {rate!r}, which lets nobody in: leave it empty for none")
    return rate


def _check_proxy(proxy: str) -> str:
    try:
        ip_address(proxy or "127.0.0.1")
    except ValueError:
        raise ValueError(f"trusted_proxy is {proxy!r}: it must be an IP address") from None
    return proxy


def _check_public_url(url: str) -> str:
    parts = urlsplit(url)
    is_address = parts.scheme in ("http", "https") and parts.hostname
    if url and (not is_address or parts.query or parts.fragment or parts.username):
        raise ValueError(f"public_url is {url!r}: it must be such as https://crawler.example.org")
    return url


def _check_export_url(url: str) -> str:
    if url and (fault := fault_in_export_url(url)):
        raise ValueError(f"export_url: {fault}")
    return url


def _check_metrics_token(token: str) -> str:
    is_word = token.isascii() and token.isprintable() and " " not in token
    if token and not (is_word and len(token) >= _SHORTEST_TOKEN):
        # The token itself is not repeated.
        raise ValueError(
            f"metrics_token must be {_SHORTEST_TOKEN} or more letters, digits and signs without "
            "spaces, such as openssl rand -hex 32 makes"
        )
    return token


def _check_picture_host(url: str) -> str:
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or url.rstrip("/") != _origin(url)):
        raise ValueError(f"picture_host is {url!r}: it must be such as https://m.media-amazon.com")
    return url


def _origin(url: str) -> str:
    parts = urlsplit(url)
    # Nothing else may come into a page's Content-Security-Policy.
    is_plain = fault_in(parts.hostname or "") == ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}" if is_plain else ""


Flag = Annotated[bool, BeforeValidator(lambda value: False if value == "" else value)]
"""``true``, ``on``, ``yes``, ``1`` and their opposites; an empty variable is false."""
_NoFlag = BeforeValidator(lambda value: str(value) if isinstance(value, bool) else value)
"""Without it, pydantic takes ``true`` for 1."""
Count = Annotated[int, _NoFlag, Field(ge=0)]
Port = Annotated[int, _NoFlag, Field(ge=1, le=65535)]
Seconds = Annotated[float, _NoFlag, Field(ge=0)]


class Settings(BaseModel):
    """Each is read from ``CATEGORY_CRAWLER_<NAME>``, else from ``<name>`` in the table."""

    model_config = ConfigDict(
        # A password of digits alone may stand in the file without quotes.
        coerce_numbers_to_str=True,
        allow_inf_nan=False,
        extra="forbid",
        frozen=True,
    )

    always_http_200: Flag = False
    """Answer enveloped calls with HTTP 200 whatever happened, for clients that expect it."""
    public_url: Annotated[str, AfterValidator(_check_public_url)] = ""
    """Start of links; empty uses the request's own address."""
    cancel_grace: Seconds = 20.0
    """Seconds between a cancel's INT and the KILL."""
    lost_after: Seconds = 5.0
    """Seconds after which a job that Scrapyd does not know counts as lost."""
    stalled_attempts: Count = 3
    """Attempts in a row without a further page after which a run has crashed for good."""
    hung_after: Seconds = 900.0
    """Seconds without progress, apart from announced pauses, after which a spider is killed."""
    longest_wait: Seconds = 86_400.0
    """Seconds that a job may wait for a slot; longer is reported by ``/healthz``."""
    watch_interval: Seconds = 2.0
    """Seconds between two refreshes by the watcher."""
    smtp_host: str = ""
    """The mail server; empty sends no mail."""
    smtp_port: Port = 587
    smtp_tls: str = "starttls"
    """``starttls``, ``tls`` from the first byte on, or ``none``."""
    smtp_user: str = ""
    """Empty for no login."""
    smtp_password: str = Field(default="", repr=False)
    smtp_password_file: str = ""
    """A file with the password, in place of ``smtp_password``."""
    smtp_sender: str = ""
    """Such as ``Crawler <crawler@example.org>``."""
    notice_timeout: Seconds = 30.0
    """Timeout in seconds for one mail or one webhook call."""
    notice_lease: Seconds = 300.0
    """Lease in seconds: what a watcher was sending or copying when it died is done again."""
    webhook_private_addresses: Flag = False
    """Call webhooks on this machine and on private networks, too."""
    credit_reserve: Count = 20_000
    """Credits frozen for a run without ``max_products``, as far as its user has them."""
    new_user_credits: Count = 0
    """Granted to a new user; the first of an installation is without limit."""
    running_limit: Count = 0
    """Runs of a user that have a job at once; 0 is without limit."""
    priority_ceiling: str = HIGHEST_PRIORITY
    """The highest priority of a user's runs; a higher one that is asked for is lowered."""
    products_a_day: Count = 0
    """Products that a user is charged for in a day of UTC at most; 0 is without limit."""
    jobs_in_queue: Count = 2
    """Jobs of a user and a priority that wait at once, so that users take turns; 0: no limit."""
    rate_limit: Annotated[str, AfterValidator(_check_rate)] = "600/minute"
    """Requests of one credential, such as ``10/second``; empty for no limit."""
    rate_limit_loopback: Flag = False
    """Limit clients on this machine as well."""
    trusted_proxy: Annotated[str, AfterValidator(_check_proxy)] = ""
    """Address of the reverse proxy whose ``X-Forwarded`` headers are trusted."""
    min_free_bytes: Count = 200_000_000
    """Free space of the disk; less is reported by ``/healthz``."""
    downloads_bytes: Count = 2_000_000_000
    """Size of the cache of CSV downloads; the least recently used are evicted."""
    export_url: Annotated[str, AfterValidator(_check_export_url)] = ""
    """Where results are copied to: a folder or an object store; empty copies nothing."""
    keep_days: Count = 0
    """Days after their end for which the files of runs are kept; 0 keeps them."""
    keep_runs: Count = 0
    """Ended runs of a collection whose files are kept; 0 keeps all."""
    keep_local_days: Count = 0
    """The same days for runs that were started by hand."""
    keep_local_runs: Count = 0
    """How many of those are kept; 0 keeps all."""
    picture_host: Annotated[str, AfterValidator(_check_picture_host)] = "https://m.media-amazon.com"
    """Where pages load product pictures from; empty shows none. The default is the shop's own."""
    audit_days: Count = 365
    """Days for which the audit trail is kept; 0 keeps it for ever."""
    token_lifetime: Seconds = 7 * 86_400.0
    """Seconds from a login until its token expires."""
    metrics_token: Annotated[str, AfterValidator(_check_metrics_token)] = Field(
        default="", repr=False
    )
    """What Prometheus must send to read the metrics; empty shows them to this machine alone."""

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if not self.watch_interval:
            raise ValueError("watch_interval is 0: the watcher must pause between two refreshes")
        if self.priority_ceiling not in PRIORITIES:
            raise ValueError(
                f"priority_ceiling is {self.priority_ceiling!r}: it must be {', '.join(PRIORITIES)}"
            )
        _check_notice_times(self.notice_timeout, self.notice_lease)
        if self.smtp_tls not in _TLS_MODES:
            raise ValueError(f"smtp_tls is {self.smtp_tls!r}: it must be {', '.join(_TLS_MODES)}")
        if self.smtp_host and "@" not in self.smtp_sender:
            raise ValueError("smtp_host is set, so smtp_sender must be an e-mail address")
        if self.smtp_host and (fault := fault_in(self.smtp_host)):
            raise ValueError(f"smtp_host is {self.smtp_host!r}: {fault}")
        if self.smtp_tls == "none" and self.smtp_user and not is_loopback(self.smtp_host):
            raise ValueError("smtp_tls is none: the password would travel readable for all")
        if self.smtp_host and self.smtp_password_file:
            _check_readable(self.smtp_password_file)
        return self

    @property
    def address(self) -> str:
        """Start of links where no request tells it, without a slash at the end.

        Raises InvalidSetting if ``API_PORT`` is no port or ``API_ADDRESS`` no private address.
        """
        return self.public_url.rstrip("/") or api_url()

    @property
    def smtp_secret(self) -> str:
        """The mail server's password. Raises OSError where its file cannot be read."""
        if self.smtp_password_file:
            return Path(self.smtp_password_file).read_text(encoding="utf-8").strip()
        return self.smtp_password

    @classmethod
    def load(cls) -> Self:
        """Read every setting. Raises InvalidSetting with a sentence that names the wrong one."""
        names = {name: PREFIX + name.upper() for name in cls.model_fields}
        check_environment((*names.values(), "API_PORT", "API_ADDRESS"))
        environment = {
            name: os.environ[variable] for name, variable in names.items() if variable in os.environ
        }
        return cls.read(read_settings_file().api | environment)

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """Check settings by name and kind. Raises InvalidSetting."""
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise InvalidSetting(_complaint(error)) from None


def api_port() -> int:
    """``API_PORT``, else 8000. Raises InvalidSetting where it is none."""
    return port_named("API_PORT", 8000)


def api_address() -> str:
    """``API_ADDRESS``, else 127.0.0.1. Raises InvalidSetting unless it is a private address."""
    return private_address("API_ADDRESS")


def api_url() -> str:
    """Where the API listens, without a slash at the end. Raises InvalidSetting."""
    return base_url(api_address(), api_port())


def _check_notice_times(timeout: float, lease: float) -> None:
    if not timeout:
        raise ValueError("notice_timeout is 0: a delivery must have time")
    # Before and after the delivery itself the database may have to be waited for.
    if not lease >= 2 * timeout:
        raise ValueError(
            f"notice_lease is {lease:g}: it must be at least twice notice_timeout ({timeout:g}), "
            "or what is still being sent is sent again"
        )


@lru_cache(maxsize=1024)  # called for every request, mostly with the same few addresses
def is_loopback(host: str) -> bool:
    """Whether a host is this machine, as far as its name or address tells."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_readable(password_file: str) -> None:
    try:
        Path(password_file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"smtp_password_file {password_file} cannot be read: {error}") from None


def _complaint(error: ValidationError) -> str:
    """The first error as a sentence; it shows no text that may be a secret."""
    first = error.errors(include_url=False)[0]
    name, kind = ".".join(map(str, first["loc"])), first["type"]
    if kind == "extra_forbidden":
        meant = nearest(name, Settings.model_fields)
        hint = f": did you mean {meant}?" if meant else ", see docs/configuration.md"
        return f"there is no setting {name} in the table [api]{hint}"
    if kind == "greater_than_equal":
        least = first["ctx"]["ge"]
        return f"the setting {name} is {first['input']}: it must not be below {least:g}"
    if kind == "less_than_equal":
        return f"the setting {name} is {first['input']}: it must not be above {first['ctx']['le']}"
    if kind in _EXPECTED:
        given = f", not {first['input']!r}" if Settings.model_fields[name].repr else ""
        return f"the setting {name} must be {_EXPECTED[kind]}{given}"
    cause = first.get("ctx", {}).get("error")
    return str(cause) if cause else f"the setting {name} is wrong: {first['msg']}"
