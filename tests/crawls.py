"""Runs the real ``scrapy crawl`` in a home folder of the test."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from category_crawler.delivery.session import DeliverySession
from category_crawler.files.home import PROJECT
from tests.forks import Program, start
from tests.storefront import NODE, Storefront

DOMAIN, POSTCODE = "amazon.com.au", "4500"
URL = f"https://www.{DOMAIN}/s?rh=n%3A{NODE}"
BY_SPIDER = {
    "created_at": "2026-01-01T00:00:00Z",
    "user_agent": "x",
    "location": "Deliver to BRAY PARK 4500",
}
"""What the delivery spider writes into a session that it has made."""
QUICK = """\
DOWNLOAD_DELAY = 0
AUTOTHROTTLE_ENABLED = false
RETRY_PAUSE = 0.01
BLOCK_PAUSE = 0.01
DOWNLOAD_TIMEOUT = 5
CANCEL_GRACE = 2
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """The output and files of a finished crawl."""

    code: int
    said: str
    """Log and final message, from standard error."""
    folder: Path

    @property
    def summary(self) -> dict[str, Any]:
        values: dict[str, Any] = json.loads((self.folder / "summary.json").read_bytes())
        return values

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows kept, even if the run failed."""
        if not (self.folder / "products.part").exists():
            return self.result
        return [json.loads(line) for line in (self.folder / "products.part").open("rb")]

    @property
    def result(self) -> list[dict[str, Any]]:
        """The result file of a run that is done."""
        values: list[dict[str, Any]] = json.loads(
            (self.folder / "category_asins.json").read_bytes()
        )
        return values

    @property
    def asins(self) -> list[str]:
        return [row["asin"] for row in self.rows]


@dataclass(frozen=True, slots=True)
class Delivered:
    """The output and report of a finished delivery job."""

    code: int
    said: str

    @property
    def last_line(self) -> str:
        return self.said.strip().rpartition("\n")[2]


@dataclass(frozen=True, slots=True)
class Home:
    """A home folder whose crawls go to one shop, without delays."""

    folder: Path
    shop: Storefront

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | self.shop.environment() | {"CATEGORY_CRAWLER_HOME": str(self.folder)}

    def settings(self, text: str = QUICK) -> None:
        """Write the operator's settings."""
        (self.folder / "settings.toml").write_text(text)

    def make_session(
        self, domain: str = DOMAIN, postcode: str = POSTCODE, about: dict[str, Any] | None = None
    ) -> None:
        """Make a session for the postcode in the shop and save its cookies.

        Without ``about`` the file looks like the operator's own.
        """
        given = json.dumps(self.shop.session(domain, postcode))
        path = self.folder / "cookies" / domain / f"{postcode}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        session = DeliverySession.read(given, domain, postcode)
        state = {"cookies": session.cookies, "origins": []}
        path.write_text(json.dumps(state | ({"category_crawler": about} if about else {})))

    def command(self, *options: str, run: str = "local/a", **arguments: Any) -> list[str]:
        """The command line of a crawl; arguments that are None are left out."""
        asked = {"category_url": URL, "postcode": POSTCODE, "run": run} | arguments
        given = arguments if "resume" in arguments else asked
        pairs = [f"{key}={value}" for key, value in given.items() if value is not None]
        passed = [part for pair in pairs for part in ("-a", pair)]
        return ["scrapy", "crawl", "category", *passed, *options]

    def start(self, *options: str, run: str = "local/a", **arguments: Any) -> Program:
        """Start a crawl and return its process."""
        command = self.command(*options, run=run, **arguments)
        return start(*command, environment=self.environment)

    def start_child(self, *options: str) -> subprocess.Popen[str]:
        """Start a crawl whose parent is this process, and whose log can be read as it grows."""
        return subprocess.Popen(
            [sys.executable, "-m", *self.command(*options)],
            cwd=PROJECT,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def crawl(
        self, *options: str, run: str = "local/a", seconds: float = 120, **arguments: Any
    ) -> Ended:
        """Run a crawl; it must finish within ``seconds``."""
        process = self.start(*options, run=run, **arguments)
        _, said = process.communicate(timeout=seconds)
        return Ended(process.returncode, said, self.folder / "results" / run)

    def resume(self, run: str = "local/a") -> Ended:
        """Resume an interrupted crawl and run it to its end."""
        return self.crawl(run=run, resume=run)

    def start_delivery(self, spider: str = "delivery", **arguments: str) -> subprocess.Popen[str]:
        """Start a delivery job and return its process."""
        asked = {"domain": DOMAIN, "postcode": POSTCODE} | arguments
        passed = [part for key, value in asked.items() for part in ("-a", f"{key}={value}")]
        return subprocess.Popen(
            [sys.executable, "-m", "scrapy", "crawl", spider, *passed],
            cwd=PROJECT,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def deliver(self, spider: str = "delivery", **arguments: str) -> Delivered:
        """Run a delivery job to its end."""
        process = self.start_delivery(spider, **arguments)
        _, said = process.communicate(timeout=120)
        return Delivered(process.returncode, said)
