"""The demo: crawls a category of the stand-in shop through the job API.

It starts the shop, Scrapyd, the API and the watcher on free ports. A user schedules one category,
follows its progress and reads the result. All files are below ``var/demo``; all processes stop at
the end.
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from stand_in import PROJECT, command, environment_of, services

HOME = PROJECT / "var" / "demo"
NODE, POSTCODE, DOMAIN = "4851693051", "4500", "amazon.com.au"
CATEGORY = "schedules/amazon/category"
PLACE = {"domain": 1, "zipcode": POSTCODE}
ASKED = {
    "category_url": f"https://www.{DOMAIN}/s?rh=n%3A{NODE}",
    "amazon_node_id": NODE,
    "domain": DOMAIN,
    "postcode": POSTCODE,
    "filter_prime_ships_from_au": True,
    "filter_delivery_day": "within_2_days",
    "price_max_cents": 50000,
}
# Fast, because the shop is ours; the real site gets the slow defaults.
SETTINGS = "DOWNLOAD_DELAY = 0.5\nAUTOTHROTTLE_ENABLED = false\n"
PRODUCTS = 600
SHOWN = 8

REAL_SITE = """
The same against the real site:

  1. Check that you may: Amazon's conditions of use restrict automated access, and the README
     says what that means for you.
  2. Give your contact, and start; the crawl is slow on purpose:
       export CATEGORY_CRAWLER_CONTACT=you@example.org
       make serve
  3. In another terminal create a user, and make the calls that the README shows:
       .venv/bin/flask --app api users create you@example.org
"""

sys.path.insert(0, str(PROJECT))
console = Console()


def main() -> int:
    argparse.ArgumentParser(description=__doc__).parse_args()
    from tests.storefront import Catalogue, Storefront

    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    (HOME / "settings.toml").write_text(SETTINGS)
    console.print("Starting the stand-in shop: its own site, catalogue and certificates …")
    with Storefront(Catalogue(PRODUCTS)).serve() as shop:
        environment = environment_of(HOME, shop.environment())
        with _services(environment):
            api = Api(environment)
            make_session(api)
            result = _crawl(api)
    console.print("All services have been stopped.")
    if result["stage"] != "done":
        console.print(f"The run failed ({result['failed_reason']}): {result['failed_message']}")
        return 1
    console.print(REAL_SITE, markup=False, highlight=False, soft_wrap=True)
    return 0


class Api:
    """A client of the job API, with a user's key."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.base = f"http://127.0.0.1:{environment['API_PORT']}"
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["x-api-key"] = command(
            environment, "users", "create", "demo@example.org"
        )

    def call(self, name: str, **body: Any) -> Any:
        """Make a call and return its data."""
        path = f"/api/v1/{name}/"
        answer = self._session.post(f"{self.base}{path}", json=body, timeout=30).json()
        if not answer["status"]:
            raise SystemExit(f"{name}: {answer['data']}")
        return answer["data"]

    def download(self, link: str) -> str:
        return self._session.get(link, timeout=30).text


def make_session(api: Api) -> None:
    """Make a delivery session: a browser sets the location in the shop."""
    console.print(f"\nPOST create-zipcode {json.dumps(PLACE)}", highlight=False)
    with console.status("A browser sets the delivery location …"):
        zipcode = api.call("zipcodes/create-zipcode", **PLACE)
        while zipcode["status"] in ("pending", "in-progress"):
            time.sleep(0.5)
            (zipcode,) = api.call("zipcodes/get-zipcodes")
    console.print(f"  → {zipcode['status']}, {zipcode['suburb']} {zipcode['zipcode']}")
    if zipcode["status"] != "active":
        raise SystemExit(f"No session: {zipcode['failed_message']}")


@contextmanager
def _services(environment: dict[str, str]) -> Iterator[None]:
    """Run the services, and say where they are."""
    with services(environment):
        console.print(f"API      http://127.0.0.1:{environment['API_PORT']}/docs", highlight=False)
        console.print(
            f"Console  http://127.0.0.1:{environment['SCRAPYD_PORT']}/jobs while it runs: user "
            f"crawler, password in {(HOME / 'var/scrapyd.password').relative_to(PROJECT)}",
            highlight=False,
            soft_wrap=True,
        )
        yield


def _crawl(api: Api) -> dict[str, Any]:
    console.print(f"\nPOST add_schedule {json.dumps(ASKED)}", highlight=False, soft_wrap=True)
    added = api.call(f"{CATEGORY}/add_schedule", **ASKED)
    console.print(f"  → {json.dumps(added)}\n", highlight=False)
    result = _watch(api, added["id"])
    if result["stage"] == "done":
        _show(result, api.download(result["download_links"]["pages"][0].replace(".json", ".csv")))
    return result


def _watch(api: Api, collection: int) -> dict[str, Any]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("pages, {task.fields[found]} products"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("queued", total=None, found=0)
        while True:
            (result,) = api.call(f"{CATEGORY}/result", collection_id=collection)
            progress = result["progress"]
            bar.update(
                task,
                description=result["stage"],
                completed=progress.get("pages_finished", 0),
                total=progress.get("total_pages"),
                found=result["asin_count"],
            )
            if result["stage"] in ("done", "failed"):
                return dict(result)
            time.sleep(0.5)


def _show(result: dict[str, Any], table_text: str) -> None:
    rows = result["asins"]
    table = Table(title=f"The first {min(SHOWN, len(rows))} of {len(rows)} products")
    table.add_column("ASIN", no_wrap=True, min_width=10)
    table.add_column("Title", overflow="ellipsis", no_wrap=True, max_width=34)
    table.add_column("Price", no_wrap=True, min_width=9, justify="right")
    table.add_column("Delivery", overflow="ellipsis", no_wrap=True)
    for row in rows[:SHOWN]:
        shown = (row["asin"], row["title"], row["price"], row["delivery"])
        table.add_row(*("" if value is None else str(value) for value in shown))
    console.print(table)
    coverage = result["coverage"]
    console.print(f"Complete: {coverage['complete']}, as {coverage['why']}.\n")
    console.print("The first lines of the CSV:")
    for line in table_text.splitlines()[:4]:
        console.print(f"  {line[:110]} …", highlight=False, markup=False, soft_wrap=True)
    folder = HOME / "results" / "1" / str(result["collection"]) / str(result["id"])
    console.print(f"Files: {folder.relative_to(PROJECT)}/", highlight=False)
    for path in sorted(folder.iterdir()):
        console.print(f"  {path.name}", highlight=False)


if __name__ == "__main__":
    sys.exit(main())
