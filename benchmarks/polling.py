"""What a page that renews itself costs the API, beside `result`, which programs poll."""

from collections.abc import Callable, Iterator
from functools import partial
from http.client import HTTPConnection
from json import dumps
from statistics import median
from urllib.parse import urlsplit

from benchmarks.client import Ordered
from benchmarks.comparison import Row
from benchmarks.installation import Installation, installation
from tests.api.services import CATEGORY
from tests.processes import processor_seconds

_AGAINST = "`result` of the same run, processor time of the API"
_POLLS, _ROUNDS = 50, 9
_PAGES, _LATENCY = 2000, 1.0
"""Of the shop: enough of them, and slow enough, that the run does not end meanwhile."""


def rows() -> Iterator[Row]:
    """Two rows for each page: a poll with news, and one that is told that there are none."""
    with installation(pages=_PAGES, latency=_LATENCY) as here:
        run = here.schedule()
        result = here.wait(run, lambda result: result.get("asin_count", 0) > 0, 60)
        assert result.get("stage") == "scraping", result
        polls = _Polls(here, run)
        for what, poll in polls.of_pages():
            yield Row(f"poll of {what}", _AGAINST, polls.ratio(poll), 1, at_most=True)


class _Polls:
    """Asks the API one question again and again over one connection, as a browser does."""

    def __init__(self, here: Installation, run: Ordered) -> None:
        number = here.programs["api"].number
        assert number is not None
        self._api = number
        self._run = run
        self._seen = ""
        self._connection = HTTPConnection(urlsplit(here.client.root).netloc, timeout=60)
        self._key = {"x-api-key": here.client.key, "Content-Type": "application/json"}
        self._browser = {"Cookie": here.cookie(), "HX-Request": "true", "Accept-Language": "en-AU"}

    def of_pages(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """What is polled, and a poll of it."""
        collection = self._run.collection
        run = f"/collections/{collection}/runs/{self._run.runner}/live"
        listed = f"/collections/live?ids={collection}"
        for what, path in (("a run's page", run), ("a page of one collection", listed)):
            yield f"{what}, with news", partial(self._poll, path)
            yield f"{what}, without", partial(self._poll_again, path)

    def ratio(self, poll: Callable[[], None]) -> float:
        """How many times as much a poll costs as `result`: the median of the rounds' ratios."""
        poll(), self._result()
        return median(self._cost(poll) / self._cost(self._result) for _ in range(_ROUNDS))

    def _cost(self, poll: Callable[[], None]) -> float:
        before = processor_seconds(self._api)
        for _ in range(_POLLS):
            poll()
        return processor_seconds(self._api) - before

    def _result(self) -> None:
        body = dumps({"collection_id": self._run.collection})
        self._ask("POST", f"{CATEGORY}/result/", self._key, body)

    def _poll(self, path: str) -> None:
        """Poll as if everything were new."""
        self._seen = self._ask("GET", path, self._browser)

    def _poll_again(self, path: str) -> None:
        """Poll with the version seen last, which seldom is an old one: a page takes a second."""
        self._seen = self._ask("GET", path, self._browser | {"If-None-Match": self._seen})

    def _ask(self, method: str, path: str, headers: dict[str, str], body: str = "") -> str:
        self._connection.request(method, path, body or None, headers)
        answer = self._connection.getresponse()
        answer.read()
        assert answer.status in (200, 304), answer.status
        return answer.getheader("ETag", "")
