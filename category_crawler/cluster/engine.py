"""The connection to the engine, which every process of a cluster has."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from category_crawler.cluster.keys import Script
from category_crawler.cluster.membership import QUEUE, queue_url
from category_crawler.errors import InvalidSetting

_SECONDS = 1.0
"""For a connection, and for an answer."""


class EngineAway(Exception):
    """Raised if the engine did not do what it was asked, or did not say that it has."""

    def __init__(self, message: str, *, was_sent: bool) -> None:
        super().__init__(message)
        self.was_sent = was_sent
        """Whether the engine may have got the call; False where no connection was made."""


class Engine:
    """Runs scripts in the engine; its methods may be called by many threads at once.

    A call whose answer is lost may have been done. Calls are not repeated here. A frozen engine is
    sent no script over a new connection, because that begins with a question.
    """

    def __init__(self, url: str) -> None:
        # Only machines of a cluster have the package.
        from redis import Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        self._place = _without_password(url)
        self._client = Redis.from_url(
            url,
            decode_responses=True,
            # RESP 2 saves the calls with which a connection asks for notices of its server.
            protocol=2,
            retry=Retry(NoBackoff(), 0),
            socket_connect_timeout=_SECONDS,
            socket_timeout=_SECONDS,
        )
        self._ready: dict[Script, Any] = {}

    def run(self, script: Script, *arguments: str | float) -> Any:
        """What a script returns. Raises EngineAway."""
        ready = self._ready.get(script)
        if ready is None:
            ready = self._ready[script] = self._client.register_script(script.text)
        with self._plain_errors():
            return ready(args=arguments)

    def ping(self) -> None:
        """Do nothing if the engine answers. Raises EngineAway."""
        with self._plain_errors():
            self._client.ping()

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        self._client.close()

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        from redis import RedisError

        try:
            yield
        except RedisError as error:
            # The client has one class for both, and this in its words for one of them.
            was_sent = "connecting to" not in str(error)
            said = f"the engine at {self._place} failed: {error}"
            raise EngineAway(said, was_sent=was_sent) from None


def engine() -> Engine | None:
    """The engine of the cluster that this machine belongs to; None if it works alone.

    Raises InvalidSetting.
    """
    url = queue_url()
    return _opened(url) if url else None


def engine_of_cluster() -> Engine:
    """The engine, where the caller knows that there is a cluster."""
    found = engine()
    assert found is not None
    return found


@cache
def _opened(url: str) -> Engine:
    try:
        return Engine(url)
    except ModuleNotFoundError:
        raise InvalidSetting(
            f"{QUEUE} is set, but the package redis is missing: "
            "pip install 'category-crawler[cluster]'"
        ) from None


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
