"""What `result` of a large finished run costs: time beside the bare file's, and memory."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from json import dumps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO
from urllib.parse import urlsplit

from api.runners.attempts import run_name
from api.store.records import Outcome, StoredRequest
from api.store.stage import Stage
from benchmarks.comparison import Row, ratio
from benchmarks.installation import Installation, installation
from benchmarks.plain_server import plain_server
from category_crawler.items import Product
from category_crawler.run.writer import Run
from category_crawler.times import utc_now
from tests.api.services import BODY, CATEGORY
from tests.processes import forget_peak_memory, peak_memory
from tests.records import summary

_PRODUCTS = 100_000
_ROUNDS = 31
_AT_ONCE = 8
_PIECE = 1024 * 1024
_WHAT = f"`result` for {_PRODUCTS:,} products"
_MEMORY = f"peak memory of the API, {_AT_ONCE} clients fetching {_PRODUCTS:,} products"


def rows() -> Iterator[Row]:
    """One row for the time to the last byte, one for the API's memory."""
    with installation(pages=1) as here:
        large, small = _Answer.of(here, _PRODUCTS), _Answer.of(here, 1)
        # Memory once taken may stay: the small ones come first.
        usual = _peak(here, small)
        growth = _peak(here, large) / usual
        yield Row(_WHAT, "the same bytes sent from a file", _to_file(large), 1.5, at_most=True)
        yield Row(_MEMORY, "the same fetching one product", growth, 1.1, at_most=True)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What is answered to a POST."""

    url: str
    body: str
    headers: dict[str, str]

    @classmethod
    def of(cls, here: Installation, products: int) -> "_Answer":
        """The result of a new run that is done, with so many products."""
        body = dumps({"collection_id": _finished_run(here, products)})
        headers = {"x-api-key": here.client.key, "Content-Type": "application/json"}
        return cls(f"{here.client.root}{CATEGORY}/result/", body, headers)

    def save(self, path: Path) -> None:
        """Write it into a file."""
        with path.open("wb") as file:
            self.fetch(file)

    def fetch(self, file: IO[bytes] | None = None) -> None:
        """Read it to the last byte, into a file or to no end."""
        address = urlsplit(self.url)
        connection = HTTPConnection(address.netloc, timeout=60)
        connection.request("POST", address.path, self.body, self.headers)
        answer = connection.getresponse()
        assert answer.status == 200, answer.read(200)
        piece = memoryview(bytearray(_PIECE))
        while size := answer.readinto(piece):
            if file is not None:
                file.write(piece[:size])
        assert answer.length == 0
        connection.close()


def _to_file(answer: _Answer) -> float:
    """How many times as long it takes as sending the same bytes from a file."""
    with TemporaryDirectory() as folder:
        answer.save(Path(folder) / "result")
        with plain_server(Path(folder)) as plain:
            same = _Answer(f"{plain}/file/result", answer.body, {})
            return ratio(answer.fetch, same.fetch, _ROUNDS)


def _peak(here: Installation, answer: _Answer) -> float:
    """The API's peak memory in bytes while several clients fetch an answer, again and again."""
    number = here.programs["api"].number
    assert number is not None
    forget_peak_memory(number)
    with ThreadPoolExecutor(_AT_ONCE) as clients:
        list(clients.map(lambda _: answer.fetch(), range(4 * _AT_ONCE)))
    return peak_memory(number)


def _finished_run(here: Installation, products: int) -> int:
    """A collection whose run is done and has so many products."""
    runner = here.store.runners.add_collection(1, "large", StoredRequest(BODY), [])
    run = Run.create(here.home.folder / "results" / run_name(runner), BODY)
    run.keep(map(_product, range(products)))
    run.finish(summary(asin_count=products))
    run.close()
    here.store.runners.end(runner.id, Outcome(Stage.DONE, asin_count=products))
    collection: int = runner.collection.id
    return collection


def _product(number: int) -> Product:
    """A product with as much to say as usual."""
    asin = f"B{number:09d}"
    return Product(
        asin,
        title=f"Desk lamp {number} with clamp, dimmable LED, three colours of light, black",
        price="$29.99",
        price_cents=2999,
        currency="AUD",
        brand="Lumen",
        rating=4.4,
        review_count=number,
        url=f"https://www.amazon.com.au/dp/{asin}",
        image_url=f"https://m.media-amazon.com/images/I/{asin}._AC_UL320_.jpg",
        position=number + 1,
        page=number // 48 + 1,
        is_prime=True,
        in_stock=True,
        delivery="FREE delivery Tue, 4 Aug",
        scraped_at=utc_now(),
    )
