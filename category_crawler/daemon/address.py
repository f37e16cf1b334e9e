"""Scrapyd's address and password."""

import os
import socket
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
        return base_url(self.address, self.port)


def console() -> Console:
    """Scrapyd's address and credentials; the first call creates the password."""
    return Console(scrapyd_address(), scrapyd_port(), USERNAME, secret_in(password_file()))


def scrapyd_address() -> str:
    """``SCRAPYD_ADDRESS``, else 127.0.0.1. Raises InvalidSetting unless it is a private address."""
    if "SCRAPYD_BIND_ADDRESS" in os.environ:
        # Scrapyd itself would take any address from it.
        raise InvalidSetting("SCRAPYD_BIND_ADDRESS is not taken here: use SCRAPYD_ADDRESS")
    return private_address("SCRAPYD_ADDRESS")


def scrapyd_port() -> int:
    """``SCRAPYD_PORT``, else Scrapyd's default 6800. Raises InvalidSetting."""
    return port_named("SCRAPYD_PORT", 6800)


def private_address(variable: str) -> str:
    """The IP address to listen on that an environment variable names, else 127.0.0.1.

    The machine's own name stands for its address, which a container learns only when it starts.
    Raises InvalidSetting unless it is a private address.
    """
    text = os.environ.get(variable) or "127.0.0.1"
    with suppress(ValueError, OSError):
        found = socket.gethostbyname(text) if text == socket.gethostname() else text
        address = ip_address(found)
        if not (address.is_global or address.is_unspecified or address.is_multicast):
            return found
    raise InvalidSetting(
        f"{variable} is {text!r}: it must be a private IP address of this machine, "
        "such as 10.0.0.5, or its name"
    )


def base_url(address: str, port: int) -> str:
    """Where an HTTP server is that listens on an IP address."""
    return f"http://{f'[{address}]' if ':' in address else address}:{port}"


def port_named(variable: str, otherwise: int) -> int:
    """A port from an environment variable. Raises InvalidSetting if it is not a port."""
    text = os.environ.get(variable) or str(otherwise)
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise InvalidSetting(f"{variable} is {text!r}: it must be a port, 1 to 65535")
    return int(text)


def password_file() -> Path:
    """The file that holds the password, readable by its owner only."""
    return var_folder() / "scrapyd.password"
