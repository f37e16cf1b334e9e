"""The three calls from Python: crawl a category with a progress bar and save its products.

CRAWLER_KEY=… python examples/crawl.py 'https://www.amazon.com.au/s?rh=n%3A4851693051' 4500

It needs requests and rich, and a delivery session for the postcode (create-zipcode). Ctrl-C cancels
the crawl and saves the products found so far.
"""

import argparse
import os
import re
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

CATEGORY = "schedules/amazon/category"
TRIES = 50
"""How often to request a download that is not ready yet."""


class Crawler:
    """A client of the API, with a user's key."""

    def __init__(self, base: str, key: str) -> None:
        self.base = base.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["x-api-key"] = key

    def call(self, path: str, **body: Any) -> Any:
        """Make a call and return its data; exit with the API's message if it fails."""
        response = self._session.post(f"{self.base}/{path}/", json=body, timeout=60)
        if response.headers.get("Retry-After") and response.status_code == 429:
            time.sleep(int(response.headers["Retry-After"]))
            return self.call(path, **body)
        answer = response.json()
        if not answer["status"]:
            sys.exit(f"{path}: {answer['data']}")
        return answer["data"]

    def download(self, link: str, path: Path) -> None:
        """Save a download in chunks, without holding all of it in memory.

        The API makes a large CSV on the first request, and says when to ask again.
        """
        for _ in range(TRIES):
            with self._session.get(link, timeout=60, stream=True) as response:
                if response.ok:
                    with path.open("wb") as file:
                        file.writelines(response.iter_content(256 * 1024))
                    return
                said = response.json()["data"]
            if "Retry-After" not in response.headers:
                break
            time.sleep(int(response.headers["Retry-After"]))
        sys.exit(f"{link}: {said}")


def main() -> int:
    try:
        return _crawl(_arguments())
    except requests.RequestException as error:
        sys.exit(f"The API gave no answer that can be read: {type(error).__name__}")


def _crawl(asked: argparse.Namespace) -> int:
    key = os.environ.get("CRAWLER_KEY") or sys.exit("Set CRAWLER_KEY to your API key")
    crawler = Crawler(asked.api, key)
    added = crawler.call(f"{CATEGORY}/add_schedule", **_job(asked))
    for warning in added.get("warnings", []):
        print(f"Note: {warning}", file=sys.stderr)
    result = _follow(crawler, added["id"], asked.pause)
    if result["download_links"]["pages"]:
        link = result["download_links"]["pages"][0]
        crawler.download(link.replace(".json", asked.output.suffix), asked.output)
        print(f"{result['asin_count']} products in {asked.output}")
    if result["stage"] == "failed":
        print(f"{result['failed_reason']}: {result['failed_message']}", file=sys.stderr)
    coverage = result["coverage"] or {}
    print(f"Complete: {coverage.get('complete')} ({coverage.get('why', 'nothing was crawled')})")
    return 0 if result["stage"] == "done" else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Crawl an Amazon category.")
    parser.add_argument("category_url")
    parser.add_argument("postcode")
    parser.add_argument("-o", "--output", type=Path, default=Path("category_asins.csv"))
    parser.add_argument("--max-products", type=int)
    api = os.environ.get("CRAWLER_API", "http://127.0.0.1:8000/api/v1")
    parser.add_argument("--api", default=api, help="its address (default: %(default)s)")
    pause = os.environ.get("CRAWLER_PAUSE", "2")
    parser.add_argument("--pause", type=_seconds, default=pause, help="seconds between two polls")
    asked = parser.parse_args()
    if asked.output.suffix not in (".csv", ".json", ".jsonl"):
        parser.error("the output must end with .csv, .json or .jsonl")
    if not asked.output.parent.is_dir():
        parser.error(f"there is no folder {asked.output.parent} for the output")
    return asked


def _seconds(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?|\.\d+", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return float(text)


def _job(asked: argparse.Namespace) -> dict[str, Any]:
    nodes = re.findall(r"n:(\d+)|node=(\d+)", unquote(asked.category_url))
    if not nodes:
        sys.exit("The URL names no category: it has neither n%3A… nor node=…")
    return {
        "category_url": asked.category_url,
        "amazon_node_id": "".join(nodes[-1]),
        "domain": (urlsplit(asked.category_url).hostname or "").removeprefix("www."),
        "postcode": asked.postcode,
        "max_products": asked.max_products,
    }


def _follow(crawler: Crawler, collection: int, pause: float) -> dict[str, Any]:
    """Draw the bar until the run ends; Ctrl-C cancels the run."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("pages, {task.fields[found]} products"),
        TimeElapsedColumn(),
    )
    with Progress(*columns) as bar:
        task = bar.add_task("queued", total=None, found=0)
        while True:
            try:
                (result,) = crawler.call(f"{CATEGORY}/result", collection_id=collection)
                _draw(bar, task, result)
                if result["stage"] in ("done", "failed"):
                    return dict(result)
                time.sleep(pause)
            except KeyboardInterrupt:
                crawler.call(f"{CATEGORY}/cancel", collection_id=collection)


def _draw(bar: Progress, task: Any, result: dict[str, Any]) -> None:
    progress = result["progress"]
    bar.update(
        task,
        description=result["stage"],
        completed=progress.get("pages_finished", 0),
        total=progress.get("total_pages"),
        found=result["asin_count"],
    )


if __name__ == "__main__":
    sys.exit(main())
