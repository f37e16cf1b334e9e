"""A client of the job API over HTTP that notes every answer, and outlives the API."""

import threading
from collections import Counter
from dataclasses import dataclass
from typing import Any

import requests

from tests.api.services import BODY, CATEGORY

_SECONDS = 30
AWAY = "api: away"
"""What ails a service that does not answer."""


class Away(Exception):
    """Raised if nobody answers."""


class Refused(Exception):
    """Raised if the answer is no success; its text is the sentence that came with it."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """A run that the API has accepted."""

    collection: int
    runner: int
    postcode: str
    """Its own, so that the shop can tell its requests from those of other runs."""


class Client:
    """One user's client; threads may share it."""

    def __init__(self, port: int, key: str) -> None:
        self.root = f"http://127.0.0.1:{port}"
        self.key = key
        self._threads = threading.local()
        self.statuses: Counter[int] = Counter()
        """How often each HTTP status came."""

    def schedule(self, postcode: str, **fields: Any) -> Ordered:
        """Have the example category crawled as seen from a postcode; ``fields`` are the body's."""
        body = BODY | {"postcode": postcode} | fields
        data = self._data("POST", f"{CATEGORY}/add_schedule/", body)
        return Ordered(data["id"], data["runner_id"], postcode)

    def result(self, collection: int) -> dict[str, Any]:
        """What the API says of a collection's newest runner."""
        path = f"{CATEGORY}/result/"
        (values,) = self._data("POST", path, {"collection_id": collection})
        result: dict[str, Any] = values
        return result

    def cancel(self, collection: int) -> bool:
        """Cancel a collection's newest runner; whether its job was found and is being stopped."""
        revoked: bool = self._data("POST", f"{CATEGORY}/cancel/", {"collection_id": collection})[
            "revoked"
        ]
        return revoked

    def rows(self, run: Ordered) -> Any:
        """The rows of a runner, or None where it has none, from its download."""
        path = f"/api/v1/results/{run.collection}/{run.runner}/category_asins.json"
        answer = self.answer("GET", path)
        if answer.status_code == 404:
            return None
        if not answer.ok:
            raise Refused(f"{path} answered {answer.status_code}: {answer.text[:200]}")
        return answer.json()

    def is_well(self) -> bool:
        """Whether the service says that all of it runs."""
        return not self.ailing()

    def ailing(self) -> str:
        """What the service says ails it; empty where nothing does."""
        try:
            answer = self.answer("GET", "/healthz")
        except Away:
            return AWAY
        return "" if answer.ok else str(answer.json()["data"])

    @property
    def server_errors(self) -> int:
        """How many answers were the server's failure."""
        return sum(count for status, count in self.statuses.items() if status >= 500)

    def forget_answers(self) -> None:
        """Count answers anew."""
        self.statuses.clear()

    def _data(self, method: str, path: str, body: Any) -> Any:
        answer = self.answer(method, path, body)
        if not answer.ok:
            raise Refused(f"{path} answered {answer.status_code}: {answer.text[:200]}")
        return answer.json()["data"]

    def answer(
        self, method: str, path: str, body: Any = None, *, cookie: str = ""
    ) -> requests.Response:
        """The answer to any call, by the user's key or, for pages, a cookie. Raises Away."""
        headers = {"Cookie": cookie} if cookie else {}
        try:
            answer = self._session.request(
                method, self.root + path, json=body, headers=headers, timeout=_SECONDS
            )
        except requests.RequestException as error:
            raise Away(f"{path}: {type(error).__name__}") from None
        self.statuses[answer.status_code] += 1
        return answer

    @property
    def _session(self) -> requests.Session:
        if not hasattr(self._threads, "session"):
            session = requests.Session()
            session.trust_env = False
            session.headers["x-api-key"] = self.key
            self._threads.session = session
        session_of_thread: requests.Session = self._threads.session
        return session_of_thread
