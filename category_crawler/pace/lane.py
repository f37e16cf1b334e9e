"""A lane: one shop as seen from one exit; and what hands out its turns."""

from dataclasses import dataclass
from typing import Protocol, Self
from urllib.parse import quote, unquote, urlsplit

from category_crawler.cluster.membership import exit_name


@dataclass(frozen=True, slots=True)
class Lane:
    """One shop, asked through one proxy or directly."""

    host: str
    """Such as ``www.amazon.com.au``."""
    exit: str
    """``HOST:PORT`` of the proxy, without its password; else the name of the machine's own exit."""

    @classmethod
    def of(cls, url: str, proxy: str | None) -> Self:
        """The lane of a request."""
        exit_ = urlsplit(proxy).netloc.rpartition("@")[2] if proxy else exit_name()
        return cls(urlsplit(url).netloc, exit_)

    @classmethod
    def named(cls, file_name: str) -> Self:
        """The lane with this :attr:`file_name`. Raises ValueError if there is none."""
        host, exit_ = unquote(file_name).split(" ")
        return cls(host, exit_)

    @property
    def file_name(self) -> str:
        """A name that a file can have."""
        return quote(f"{self.host} {self.exit}", safe=" ")


class NoTurnNow(Exception):
    """Raised if no turn can be given at the moment: ask again a little later."""


class NoTurnEver(Exception):
    """Raised if the spider's job is not its own any more: it must send nothing more."""


class Pace(Protocol):
    """Hands out turns of lanes, first come, first served."""

    async def reserve(self, lane: Lane, gap: float) -> float:
        """Reserve the lane's next turn and return the seconds until it.

        The turn after it comes ``gap`` seconds later. Who has reserved a turn and dies holds
        nothing else up. Raises NoTurnNow or NoTurnEver.
        """

    async def confirm(self) -> None:
        """Return if a turn reserved earlier may still be used. Raises NoTurnNow or NoTurnEver."""
