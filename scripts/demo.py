"""The demo: starts the stand-in shop, crawls one category there, shows what was found.

Everything it writes lies below ``var/demo``; everything it starts it stops.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

PROJECT = Path(__file__).resolve().parent.parent
HOME = PROJECT / "var" / "demo"
NODE, POSTCODE, DOMAIN = "4851693051", "4500", "amazon.com.au"
URL = f"https://www.{DOMAIN}/s?rh=n%3A{NODE}"
SHOWN = 8

REAL_SITE = f"""
The same against the real site:

  1. Be sure that you may: Amazon's conditions of use restrict automated access, and the README
     says what that means for you.
  2. In a browser, open https://www.{DOMAIN}, set the delivery location to {POSTCODE}, and
     export the site's cookies (a cookie exporter's JSON, or cookies.txt). Then:
       .venv/bin/python -m category_crawler.delivery import {DOMAIN} {POSTCODE} FILE
  3. Say who you are, then crawl; it goes slowly on purpose:
       export CATEGORY_CRAWLER_CONTACT=you@example.org
       .venv/bin/scrapy crawl category -a category_url='{URL}' \\
           -a postcode={POSTCODE} -a filter_prime_ships_from_au=true \\
           -a filter_delivery_day=within_2_days -a price_max_cents=50000
"""

sys.path.insert(0, str(PROJECT))
console = Console()


def main() -> int:
    from tests.storefront import Storefront

    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    console.print("Starting the stand-in shop: its own site, catalogue and certificates …")
    with Storefront().serve() as shop:
        environment = os.environ | shop.environment() | {"CATEGORY_CRAWLER_HOME": str(HOME)}
        _bring_in_session(shop.session(DOMAIN, POSTCODE), environment)
        console.print(
            f"Crawling node {NODE} for postcode {POSTCODE}: Prime, within 2 days, to $500"
        )
        code = _crawl(environment)
    if code == 0:
        _show(HOME / "results" / "local" / "demo")
        console.print(REAL_SITE, markup=False, highlight=False, soft_wrap=True)
    return code


def _bring_in_session(state: dict[str, Any], environment: dict[str, str]) -> None:
    exported = HOME / "exported-cookies.json"
    exported.touch(mode=0o600)
    exported.write_text(json.dumps(state))
    bring_in = ["-m", "category_crawler.delivery", "import", DOMAIN, POSTCODE, str(exported)]
    _run(bring_in, environment)
    exported.unlink()


def _crawl(environment: dict[str, str]) -> int:
    arguments = {
        "category_url": URL,
        "postcode": POSTCODE,
        "filter_prime_ships_from_au": "true",
        "filter_delivery_day": "within_2_days",
        "price_max_cents": "50000",
        "run": "local/demo",
    }
    given = [part for key, value in arguments.items() for part in ("-a", f"{key}={value}")]
    # The shop is ours; the real site gets the project's slow defaults.
    quick = ["-s", "DOWNLOAD_DELAY=0.5", "-s", "AUTOTHROTTLE_ENABLED=0", "-L", "WARNING"]
    return _run(["-m", "scrapy", "crawl", "category", *given, *quick], environment)


def _run(command: list[str], environment: dict[str, str]) -> int:
    return subprocess.run(
        [sys.executable, *command], cwd=PROJECT, env=environment, check=False
    ).returncode


def _show(folder: Path) -> None:
    rows = json.loads((folder / "category_asins.json").read_bytes())
    summary = json.loads((folder / "summary.json").read_bytes())
    table = Table(title=f"The first {min(SHOWN, len(rows))} of {len(rows)} products")
    table.add_column("ASIN", no_wrap=True, min_width=10)
    table.add_column("Title", overflow="ellipsis", no_wrap=True, max_width=34)
    table.add_column("Price", no_wrap=True, min_width=9, justify="right")
    table.add_column("Delivery", overflow="ellipsis", no_wrap=True)
    for row in rows[:SHOWN]:
        shown = (row["asin"], row["title"], row["price"], row["delivery"])
        table.add_row(*("" if value is None else str(value) for value in shown))
    console.print(table)
    coverage = summary["coverage"]
    console.print(f"Complete: {coverage['complete']}, as {coverage['why']}.")
    console.print("Files:")
    for path in sorted(folder.iterdir()):
        console.print(f"  {path.relative_to(PROJECT)}", highlight=False)


if __name__ == "__main__":
    sys.exit(main())
