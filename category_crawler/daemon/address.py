"""Scrapyd's address and password."""

import os
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from category_crawler.errors import InvalidSetting
from category_crawler.files.home import var_folder
from category_crawler.files.secret import secret_in

USERNAME = "crawler"
PROJECT = "default"
"""Scrapyd's name for this project."""


@dataclass(frozen=True, slots=True)
class Console:
    """How to reach Scrapyd."""

    address: str
    """The IP address that it listens on."""
    port: int
    username: str
    password: str = field(repr=False)

    @property
    def url(self) -> str:
        """Base URL of Scrapyd's API and web console."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"http://{host}:{self.port}"


def console() -> Console:
    """Scrapyd's address and credentials; the first call creates the password."""
    return Console(scrapyd_address(), scrapyd_port(), USERNAME, secret_in(password_file()))


def scrapyd_address() -> str:
    """``SCRAPYD_ADDRESS``, else 127.0.0.1. Raises InvalidSetting unless it is a private address."""
    if "SCRAPYD_BIND_ADDRESS" in os.environ:
        # Scrapyd itself would take any address from it.
        raise InvalidSetting("SCRAPYD_BIND_ADDRESS is not taken here: use SCRAPYD_ADDRESS")
    text = os.environ.get("SCRAPYD_ADDRESS") or "127.0.0.1"
    with suppress(ValueError):
        address = ip_address(text)
        if not (address.is_global or address.is_unspecified or address.is_multicast):
            return text
    raise InvalidSetting(
        f"SCRAPYD_ADDRESS is {text!r}: it must be a private IP address of this machine, "
        "such as 10.0.0.5"
    )


def scrapyd_port() -> int:
    """``SCRAPYD_PORT``, else Scrapyd's default 6800. Raises InvalidSetting."""
    return port_named("SCRAPYD_PORT", 6800)


def port_named(variable: str, otherwise: int) -> int:
    """A port from an environment variable. Raises InvalidSetting if it is not a port."""
    text = os.environ.get(variable) or str(otherwise)
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise InvalidSetting(f"{variable} is {text!r}: it must be a port, 1 to 65535")
    return int(text)


def password_file() -> Path:
    """The file that holds the password, readable by its owner only."""
    return var_folder() / "scrapyd.password"
