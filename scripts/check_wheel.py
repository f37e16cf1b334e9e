"""``make check-wheel``: installs the wheel in an empty environment, and uses it as a user would.

It is given the wheel. Environment, home and user are in a temporary folder outside the checkout, so
nothing of the checkout helps; the stand-in shop is the checkout's. It ends with the first thing
that is not as it should be.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import requests
from stand_in import PROJECT, free_port, services

DOMAIN, POSTCODE, NODE = "amazon.com.au", "4500", "4851693051"
URL = f"https://www.{DOMAIN}/s?rh=n%3A{NODE}"
PRODUCTS = 60
QUICK = "DOWNLOAD_DELAY = 0\nAUTOTHROTTLE_ENABLED = false\n"
CRAWL_SECONDS = 120
STOP_SECONDS = 20
_OURS = ("CATEGORY_CRAWLER_", "SCRAPYD_", "SCRAPY_", "PYTHON", "VIRTUAL_ENV", "XDG_", "FLASK_")

sys.path.insert(0, str(PROJECT))


class Installed:
    """The wheel in its environment, and a user with an empty home folder."""

    def __init__(self, folder: Path, of_shop: dict[str, str]) -> None:
        self.folder = folder
        self.bin = folder / "environment" / "bin"
        self.user = folder / "user"
        self.user.mkdir()
        self.home = self.user / ".local" / "share" / "category-crawler"
        kept = {name: text for name, text in os.environ.items() if not name.startswith(_OURS)}
        ports = {"API_PORT": free_port(), "SCRAPYD_PORT": free_port()}
        self.environment = kept | of_shop | ports | {"HOME": str(self.user)}

    @property
    def program(self) -> str:
        return str(self.bin / "category-crawler")

    def install(self, wheel: Path) -> None:
        # With the checkout's network, as the shop takes the place of all others.
        pip = (self.bin / "python", "-m", "pip", "install", "-qq")
        pinned = ("--constraint", PROJECT / "constraints.txt")
        subprocess.run([sys.executable, "-m", "venv", self.bin.parent], check=True)
        subprocess.run([*pip, *pinned, wheel], check=True)

    def says(self, *words: str, code: int = 0) -> str:
        """What the program prints in all; it must end with the code, and without a traceback."""
        return self._must(self.program, *words, code=code)

    def left(self) -> list[str]:
        """Command lines of processes that have the user's environment."""
        mark = f"HOME={self.user}".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    found.append((process / "cmdline").read_bytes().decode())
            except OSError:
                continue
        return found

    def _must(self, *command: str | Path, code: int = 0) -> str:
        ended = subprocess.run(
            command,
            cwd=self.user,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
        )
        if ended.returncode != code or "Traceback" in ended.stdout:
            words = " ".join(map(str, command))
            raise SystemExit(f"{ended.stdout}\n{words} ended with {ended.returncode}, not {code}.")
        return ended.stdout


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path)
    wheel = parser.parse_args().wheel.resolve()
    from tests.storefront import Catalogue, Storefront, Switches

    with (
        tempfile.TemporaryDirectory(prefix="wheel-", ignore_cleanup_errors=True) as name,
        Storefront(Catalogue(PRODUCTS), Switches(page_bytes=0)).serve() as shop,
    ):
        installed = Installed(Path(name).resolve(), shop.environment())
        installed.install(wheel)
        check_words(installed)
        check_crawl(installed, shop)
        check_service(installed)
    print(f"{wheel.name}: installs, crawls, serves and stops.", flush=True)
    return 0


def check_words(installed: Installed) -> None:
    """What is typed wrongly is answered with a hint, and makes no home."""
    from category_crawler import __version__

    expect(__version__ in installed.says("--version"), "--version does not say the version")
    for command in ("serve", "crawl", "users", "cluster", "runners", "zipcodes", "prune"):
        expect(command in installed.says("--help"), f"--help does not name {command}")
    for wrong, meant in (
        (("srve",), "serve"),
        (("users", "creat"), "create"),
        (("cluster", "drian"), "drain"),
        (("crawl", URL, "--postcod", POSTCODE), "--postcode"),
        (("crawl", URL, "-a", "postcod=4500"), "postcode"),
        (("serve", "everything"), "node"),
    ):
        said = installed.says(*wrong, code=2)
        expect(meant in said, f"{wrong} is not answered with {meant}:\n{said}")
    expect(not installed.home.exists(), f"a mistyped command made {installed.home}")


def check_crawl(installed: Installed, shop: Any) -> None:
    """A crawl without the service, from a postcode, into a file."""
    cookies = installed.user / "cookies.json"
    cookies.write_text(json.dumps(shop.session(DOMAIN, POSTCODE)))
    installed.says("sessions", "import", DOMAIN, POSTCODE, str(cookies))
    (installed.home / "settings.toml").write_text(QUICK)
    installed.says("crawl", URL, "--postcode", POSTCODE, "-o", "products.csv")
    lines = (installed.user / "products.csv").read_text().splitlines()
    expect(len(lines) == PRODUCTS + 1, f"the crawl has written {len(lines)} lines")


def check_service(installed: Installed) -> None:
    """The service with its API, pages and spiders; it stops and leaves nothing behind."""
    key = installed.says("users", "create", "you@example.org").split()[-1]
    log = installed.user / "serve.log"
    with services(installed.environment, program=[installed.program], log=log) as process:
        base = f"http://127.0.0.1:{installed.environment['API_PORT']}"
        hint = f"{installed.bin}/category-crawler users create"
        expect(hint in log.read_text(), f"the start does not say {hint}:\n{log.read_text()}")
        for path, holds in (("/sign-in", "Sign in"), ("/static/style.css", "{"), ("/docs", "API")):
            answer = _session(key).get(base + path, timeout=30)
            expect(answer.ok and holds in answer.text, f"{path} answers {answer.status_code}")
        check_run(f"{base}/api/v1/schedules/amazon/category", _session(key), log)
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)
    expect(not (left := installed.left()), f"processes are left: {left}")
    expect("Traceback" not in log.read_text(), log.read_text())


def check_run(category: str, session: requests.Session, log: Path) -> None:
    """A run that Scrapyd starts."""
    asked = {
        "category_url": URL,
        "amazon_node_id": NODE,
        "domain": DOMAIN,
        "postcode": POSTCODE,
        "filter_prime_ships_from_au": False,
    }
    added = session.post(f"{category}/add_schedule/", json=asked, timeout=30).json()
    expect(added["status"], f"add_schedule answers {added}")
    deadline = time.monotonic() + CRAWL_SECONDS
    run: dict[str, Any] = {"stage": "queued"}
    while run["stage"] in ("queued", "scraping") and time.monotonic() < deadline:
        time.sleep(0.5)
        wanted = {"collection_id": added["data"]["id"]}
        (run,) = session.post(f"{category}/result/", json=wanted, timeout=30).json()["data"]
    found = (run["stage"], run.get("asin_count"))
    expect(found == ("done", PRODUCTS), f"the run is {run}\n{log.read_text()}")


def expect(holds: object, otherwise: str) -> None:
    """End the script where something is not as it should be."""
    if not holds:
        raise SystemExit(otherwise)


def _session(key: str) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.headers["x-api-key"] = key
    return session


if __name__ == "__main__":
    sys.exit(main())
