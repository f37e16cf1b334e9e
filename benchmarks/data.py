"""What results as data cost at 100,000 products, beside DuckDB on the bare files."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from json import dumps, loads
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import sleep
from typing import Any
from urllib.parse import urlsplit

import duckdb

from api.products.datasets import DATASET
from api.products.differences import KINDS
from api.runners.attempts import run_name
from api.store.records import Outcome, Runner, StoredRequest
from api.store.stage import Stage
from benchmarks.comparison import Row, ratio
from benchmarks.installation import USER, Installation, installation
from category_crawler.files.home import PROJECT
from category_crawler.items import Product
from category_crawler.run.rows import row
from category_crawler.run.writer import Run
from tests.api.services import BODY, CATEGORY
from tests.processes import forget_peak_memory, peak_memory
from tests.records import product, summary

_PRODUCTS = 100_000
_ROUNDS = 11
_AT_ONCE = 8
_AGAINST = "DuckDB on the bare files"
_WORDS = ("steel", "kettle", "lamp", "desk", "red", "blue", "large", "glass", "cable", "cotton")


def rows() -> Iterator[Row]:
    """One row for each kind of question, one for the making of a dataset, one for memory."""
    with installation(pages=1) as here:
        large, small = _Runs.of(here, _PRODUCTS), _Runs.of(here, 1_000)
        for what, ask, bare in _questions(large):
            most = 2.0 if what.startswith("page") else 1.5
            yield Row(what, _AGAINST, ratio(ask, bare, _ROUNDS), most, at_most=True)
        usual = _peak(here, small)
        growth = _peak(here, large) / usual
        yield Row(
            f"peak memory of the API, {_AT_ONCE} clients asking {_PRODUCTS:,} products",
            "the same asking 1,000",
            growth,
            1.5,
            at_most=True,
        )
    yield Row(
        f"dataset of {_PRODUCTS:,} products", "DuckDB's own COPY", _making(), 1.3, at_most=True
    )


def _questions(runs: "_Runs") -> Iterator[tuple[str, Callable[[], Any], Callable[[], Any]]]:
    database = duckdb.connect(config={"threads": 2})
    before, after = map(str, runs.datasets)
    search = f"FROM '{after}' WHERE contains(lower(title), 'kettle') AND price_cents < 20000"

    def query() -> None:
        database.execute(f"SELECT count(*) {search}").fetchall()
        database.execute(f"SELECT * {search} ORDER BY price_cents LIMIT 50").fetchall()

    def facets() -> None:
        query()
        for value in ("brand", "delivery", "floor(rating)"):
            counts = f"SELECT {value} AS v, count(*) AS n {search} GROUP BY v ORDER BY n DESC"
            database.execute(f"{counts} LIMIT 50").fetchall()
        span = "min(price_cents), quantile_cont(price_cents, 0.99)"
        database.execute(f"SELECT {span} {search}").fetchall()
        bars = f"SELECT price_cents // 1000 AS bar, count(*) {search} GROUP BY bar"
        database.execute(bars).fetchall()

    def overview() -> None:
        facets()
        flags = ("is_prime", "in_stock", "coupon IS NOT NULL", "list_price_cents > price_cents")
        counts = (f"count(*) FILTER ({is_so}), count(*) FILTER (NOT ({is_so}))" for is_so in flags)
        database.execute(f"SELECT {', '.join(counts)} {search}").fetchall()
        share = "1 - price_cents / list_price_cents"
        discounts = (
            f"SELECT round(rating, 1) AS r, count(*), median({share}), max({share}) {search}"
        )
        database.execute(f"{discounts} AND list_price_cents > price_cents GROUP BY r").fetchall()

    def difference() -> None:
        # The same kinds and columns as ours, written to a file as ours are.
        pairs = f"'{before}' AS b FULL JOIN '{after}' AS a ON a.asin = b.asin"
        moves = {
            "new": "b.asin IS NULL",
            "gone": "a.asin IS NULL",
            "price_up": "a.price_cents > b.price_cents",
            "price_down": "a.price_cents < b.price_cents",
            "back_in_stock": "a.in_stock AND NOT b.in_stock",
            "out_of_stock": "b.in_stock AND NOT a.in_stock",
            "list_price": "a.asin = b.asin AND a.list_price_cents IS DISTINCT FROM "
            "b.list_price_cents",
            "coupon": "a.asin = b.asin AND a.coupon IS DISTINCT FROM b.coupon",
            "rating": "a.asin = b.asin AND a.rating IS DISTINCT FROM b.rating",
        }
        kinds = ", ".join(f"CASE WHEN {when} THEN '{kind}' END" for kind, when in moves.items())
        either = ("asin", "title", "brand", "url", "image_url", "currency")
        both = ("price_cents", "list_price_cents", "in_stock", "coupon", "rating", "position")
        columns = ", ".join(
            [f"coalesce(a.{name}, b.{name}) AS {name}" for name in either]
            + [f"b.{name} AS {name}_before, a.{name} AS {name}" for name in both]
        )
        file = before.replace("products.parquet", "bare-changes.parquet")
        database.execute(
            f"COPY (SELECT unnest(kinds) AS kind, * EXCLUDE (kinds) FROM (SELECT "
            f"list_filter([{kinds}], lambda one: one IS NOT NULL) AS kinds, {columns} FROM {pairs})"
            f" ORDER BY kind, price_cents) TO '{file}' (FORMAT parquet, COMPRESSION zstd)"
        )
        database.execute(f"SELECT kind, count(*) FROM '{file}' GROUP BY kind").fetchall()
        database.execute(f"SELECT * FROM '{file}' LIMIT 50").fetchall()

    def history() -> None:
        database.execute(f"SELECT * FROM '{runs.history}/*.parquet' WHERE asin = 'B000050000'")
        database.fetchall()

    asked = {"search": "kettle", "price_max_cents": 20_000, "sort": "price"}
    number = f"{_PRODUCTS:,} products"
    yield f"`products` of {number}", lambda: runs.ask("products", **asked), query
    yield (
        f"`products` with facets of {number}",
        lambda: runs.ask("products", **asked, facets=True),
        facets,
    )
    words = "search=kettle&price_max=200&sort=price"
    yield f"page of {number}", lambda: runs.see(words), query
    yield f"page of {number}, its charts", lambda: runs.see(words, "overview/"), overview
    yield f"`changes` of {number}, not asked before", runs.compare_anew, difference
    yield (
        f"`history` of one product in {number}",
        lambda: runs.ask("history", collection=False, asin="B000050000"),
        history,
    )


@dataclass(frozen=True, slots=True)
class _Runs:
    """A collection with two finished runs, recorded."""

    here: Installation
    runners: tuple[Runner, Runner]
    cookie: str
    """Signs a browser in."""

    @classmethod
    def of(cls, here: Installation, products: int) -> "_Runs":
        """Two runs of so many products; in the later one 10 % of the prices have moved."""
        dice = Random(20)
        first = [_product(number, dice) for number in range(products)]
        later = [
            replace(one, price_cents=dice.randrange(100, 30_000)) if dice.random() < 0.1 else one
            for one in first[products // 33 :]
        ]
        store = here.store
        one = store.runners.add_collection(USER, "bench", StoredRequest(BODY), [])
        _finish(here, one, first)
        other = store.runners.add_again(one, 1, lambda: None, lambda _: None)
        assert other is not None
        _finish(here, other, later)
        made = cls(here, (one, other), here.cookie())
        made._wait()
        return made

    @property
    def datasets(self) -> list[Path]:
        """The two Parquet files."""
        return [self._results / run_name(runner) / DATASET for runner in self.runners]

    @property
    def _results(self) -> Path:
        return self.here.home.folder / "results"

    @property
    def history(self) -> Path:
        """The folder of the collection's history."""
        return self._results / str(USER) / str(self.runners[0].collection.id) / "history"

    def ask(self, call: str, *, collection: bool = True, **fields: Any) -> Any:
        """The data of an answer, to the last byte."""
        body = fields | ({"collection_id": self.runners[0].collection.id} if collection else {})
        address = urlsplit(self.here.client.root)
        connection = HTTPConnection(address.netloc, timeout=60)
        headers = {"x-api-key": self.here.client.key, "Content-Type": "application/json"}
        connection.request("POST", f"{address.path}{CATEGORY}/{call}/", dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        assert answer.status == 200, text[:200]
        return loads(text)["data"]

    def see(self, query: str, view: str = "") -> None:
        """Load the page of the later run's products, to the last byte, and nothing it links to."""
        runner = self.runners[1]
        path = f"/collections/{runner.collection.id}/runs/{runner.id}/products/{view}?{query}"
        connection = HTTPConnection(urlsplit(self.here.client.root).netloc, timeout=60)
        connection.request("GET", path, headers={"Cookie": self.cookie})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        assert answer.status == 200, text[:200]
        assert b"/products/amazon.com.au/" in text or view, "it shows products"

    def compare_anew(self) -> None:
        """Compare the two runs as if nobody had asked before."""
        for path in (self.here.home.folder / "var" / "downloads").glob("*.changes.parquet"):
            path.unlink()
        counts = self.ask("changes")["counts"]
        assert set(counts) == set(KINDS)

    def _wait(self) -> None:
        """Until the watcher has recorded both."""
        while not all(self.here.store.runners.get(one.id).is_recorded for one in self.runners):
            sleep(0.2)


def _finish(here: Installation, runner: Runner, products: list[Product]) -> None:
    run = Run.create(here.home.folder / "results" / run_name(runner), {})
    run.keep(products)
    run.finish(summary(asin_count=run.kept))
    run.close()
    done = Outcome(Stage.DONE, asin_count=run.kept, coverage={"complete": True})
    here.store.runners.end(runner.id, done)


def _product(number: int, dice: Random) -> Product:
    return product(
        number,
        title=" ".join(dice.choices(_WORDS, k=12)),
        brand=f"Brand {dice.randrange(997)}",
        price_cents=dice.randrange(100, 30_000),
        currency="AUD",
        rating=round(dice.uniform(2, 5), 1),
        review_count=dice.randrange(9999),
        url=f"https://www.amazon.com.au/dp/B{number:09d}",
        image_url=f"https://m.media-amazon.com/images/I/{dice.getrandbits(50):x}.jpg",
        position=number + 1,
        page=number // 48 + 1,
        in_stock=True,
        delivery=f"FREE delivery Sun, {dice.randrange(1, 9)} Dec",
        scraped_at="2026-11-27T06:00:00Z",
    )


def _peak(here: Installation, runs: _Runs) -> int:
    """The most memory of the API while several clients ask all kinds of questions."""
    number = here.programs["api"].number
    assert number is not None
    forget_peak_memory(number)
    # A comparison that others read is not made anew.
    asks = [ask for _, ask, _ in _questions(runs) if ask != runs.compare_anew]
    asks.append(lambda: runs.ask("changes"))
    with ThreadPoolExecutor(_AT_ONCE) as clients:
        [*clients.map(lambda ask: ask(), asks * 4)]
    return peak_memory(number)


def _making() -> float:
    """A process that makes a dataset, beside one that runs DuckDB's COPY of the same rows."""
    dice = Random(20)
    with TemporaryDirectory(prefix="bench-") as folder:
        source, target = Path(folder) / "rows", Path(folder) / "made.parquet"
        source.write_bytes(b"".join(row(_product(n, dice)) for n in range(_PRODUCTS)))
        size = str(source.stat().st_size)
        copy = (
            "import duckdb; duckdb.connect(config={'threads': 2}).execute(\"COPY (SELECT * FROM "
            f"read_json('{source}', format='newline_delimited')) TO '{target}' "
            '(FORMAT parquet, COMPRESSION zstd)")'
        )

        def ours() -> None:
            with source.open("rb") as file:
                program = [sys.executable, "-m", "category_crawler.tables", "parquet", size, target]
                subprocess.run(program, cwd=PROJECT, stdin=file, check=True)

        def bare() -> None:
            subprocess.run([sys.executable, "-c", copy], check=True)

        return ratio(ours, bare, 5)
