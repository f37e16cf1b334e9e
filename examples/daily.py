"""Have a category crawled every day, and read what changed with DuckDB.

CRAWLER_KEY=… python examples/daily.py schedule 'https://www.amazon.com.au/s?rh=n%3A4851693051' 4500
CRAWLER_KEY=… python examples/daily.py changes 1

The first starts a run now and one every morning, and prints the collection's number. The second
reads the Parquet file of the changes between the last two runs; pandas.read_parquet reads it, too.
It needs requests and duckdb.
"""

import argparse
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import duckdb
import requests

CATEGORY = "schedules/amazon/category"
TRIES = 50
"""How often to request what is not ready yet."""


class Crawler:
    """A client of the API, with a user's key."""

    def __init__(self, base: str, key: str) -> None:
        self.base = base.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["x-api-key"] = key

    def call(self, path: str, **body: Any) -> Any:
        """Make a call and return its data; exit with the API's message if it fails."""
        answer = self._answer("POST", f"{self.base}/{path}/", json=body).json()
        return answer["data"]

    def download(self, link: str, path: Path) -> None:
        """Save a download."""
        path.write_bytes(self._answer("GET", link).content)

    def _answer(self, method: str, url: str, **more: Any) -> requests.Response:
        """The answer, asked for again where the API says when."""
        for _ in range(TRIES):
            response = self._session.request(method, url, timeout=60, **more)
            if response.ok:
                return response
            if "Retry-After" not in response.headers:
                break
            time.sleep(int(response.headers["Retry-After"]))
        sys.exit(f"{url}: {response.json()['data']}")


def main() -> int:
    try:
        asked = _arguments()
        key = os.environ.get("CRAWLER_KEY") or sys.exit("Set CRAWLER_KEY to your API key")
        crawler = Crawler(asked.api, key)
        return _schedule(crawler, asked) if asked.what == "schedule" else _changes(crawler, asked)
    except requests.RequestException as error:
        sys.exit(f"The API gave no answer that can be read: {type(error).__name__}")


def _schedule(crawler: Crawler, asked: argparse.Namespace) -> int:
    nodes = re.findall(r"n:(\d+)|node=(\d+)", unquote(asked.category_url))
    if not nodes:
        sys.exit("The URL names no category: it has neither n%3A… nor node=…")
    added = crawler.call(
        f"{CATEGORY}/add_schedule",
        category_url=asked.category_url,
        amazon_node_id="".join(nodes[-1]),
        domain=(urlsplit(asked.category_url).hostname or "").removeprefix("www."),
        postcode=asked.postcode,
        schedule={"every": "daily", "at": asked.at, "timezone": asked.timezone},
    )
    print(f"Collection {added['id']} is crawled now and daily at {asked.at} ({asked.timezone})")
    return 0


def _changes(crawler: Crawler, asked: argparse.Namespace) -> int:
    told = crawler.call(f"{CATEGORY}/changes", collection_id=asked.collection, limit=0)
    before, after = told["from_runner"], told["to_runner"]
    print(f"From run {before['id']} ({before['finished_at']}) to run {after['id']}: {told['why']}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "changes.parquet"
        crawler.download(told["download_links"]["parquet"], path)
        duckdb.read_parquet(str(path)).create_view("changes")
        print(duckdb.sql("SELECT kind, count(*) AS products FROM changes GROUP BY ALL ORDER BY 1"))
        print(
            duckdb.sql(
                "SELECT asin, left(title, 40) AS title, price_cents_before / 100 AS before, "
                "price_cents / 100 AS now FROM changes WHERE kind = 'price_down' LIMIT 10"
            )
        )
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Crawl a category daily, and read what changed.")
    api = os.environ.get("CRAWLER_API", "http://127.0.0.1:8000/api/v1")
    parser.add_argument("--api", default=api, help="its address (default: %(default)s)")
    whats = parser.add_subparsers(dest="what", required=True)
    schedule = whats.add_parser("schedule", help="start a run now and one every day")
    schedule.add_argument("category_url")
    schedule.add_argument("postcode")
    schedule.add_argument("--at", default="06:00", help="time of the day, such as 06:00")
    schedule.add_argument("--timezone", default="Australia/Sydney", help="an IANA name")
    changes = whats.add_parser("changes", help="what changed between the last two runs")
    changes.add_argument("collection", type=int)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
