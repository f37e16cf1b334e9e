"""Where Scrapyd listens, and the password that the API and its web console share."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from category_crawler.files.home import var_folder
from category_crawler.files.secret import secret_in

USERNAME = "crawler"
PROJECT = "default"
"""The name under which ``scrapy.cfg`` makes this project known to Scrapyd."""


@dataclass(frozen=True, slots=True)
class Console:
    """How to reach Scrapyd."""

    port: int
    username: str
    password: str = field(repr=False)

    @property
    def url(self) -> str:
        """Base of Scrapyd's API and console, on this machine only."""
        return f"http://127.0.0.1:{self.port}"


def console() -> Console:
    """Scrapyd's address and credentials; the password is made at the first call."""
    return Console(scrapyd_port(), USERNAME, secret_in(password_file()))


def scrapyd_port() -> int:
    """``SCRAPYD_PORT``, else Scrapyd's own 6800. Raises ValueError as :func:`port_named`."""
    return port_named("SCRAPYD_PORT", 6800)


def port_named(variable: str, otherwise: int) -> int:
    """A port from the environment. Raises ValueError with a sentence where it is none."""
    text = os.environ.get(variable) or str(otherwise)
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise ValueError(f"{variable} is {text!r}: it must be a port, 1 to 65535")
    return int(text)


def password_file() -> Path:
    """Holds the password, readable by its owner only."""
    return var_folder() / "scrapyd.password"
