"""Takes the pictures of the pages that the documents show, into ``docs/images``.

It starts the stand-in shop and the services as ``make try`` does, has a category crawled twice,
with a day in the shop between, and looks at six pages in the browser.
"""

import argparse
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import requests
from stand_in import PROJECT, command, environment_of, services

HOME = PROJECT / "var" / "screenshots"
IMAGES = PROJECT / "docs" / "images"
EMAIL, POSTCODE, DOMAIN = "you@example.org", "4500", "amazon.com.au"
URL = f"https://www.{DOMAIN}/s?rh=n%3A4851693051"
CATEGORY = "schedules/amazon/category"
ASKED = {
    "category_url": URL,
    "amazon_node_id": "4851693051",
    "domain": DOMAIN,
    "postcode": POSTCODE,
    "name": "Lighting",
    "schedule": {"every": "daily", "at": "06:00", "timezone": "Australia/Sydney"},
}
PRODUCTS = 1200
MOST_PAGES = 7
"""Of a listing, as the real shop has its limit: a crawl has to divide the category."""
SETTINGS = """DOWNLOAD_DELAY = 0.05
AUTOTHROTTLE_ENABLED = false

[api]
picture_host = "{pictures}"
"""
SIZE = {"width": 1200, "height": 900}

sys.path.insert(0, str(PROJECT))


def main() -> int:
    argparse.ArgumentParser(description=__doc__).parse_args()
    from tests.storefront import Catalogue, Storefront, Switches
    from tests.storefront.changes import Change, changed

    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    with Storefront(Catalogue(PRODUCTS), Switches(page_cap=MOST_PAGES)).serve() as shop:
        (HOME / "settings.toml").write_text(SETTINGS.format(pictures=shop.pictures))
        environment = environment_of(HOME, shop.environment())
        with services(environment):
            api = Api(environment)
            api.make_session()
            collection = api.call(f"{CATEGORY}/add_schedule", **ASKED)["id"]
            api.wait_for(collection)
            change = Change(moved=0.1, gone=0.03, new=0.03)
            shop.site.catalogue = changed(shop.catalogue, change).catalogue
            api.call(f"{CATEGORY}/rerun", collection_id=collection)
            api.wait_for(collection)
            _look(command(environment, "users", "link", EMAIL), api, collection)
    return 0


class Api:
    """A client of the job API."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._base = f"http://127.0.0.1:{environment['API_PORT']}/api/v1"
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["x-api-key"] = command(environment, "users", "create", EMAIL)

    def call(self, path: str, **body: Any) -> Any:
        """Make a call and return its data."""
        answer = self._session.post(f"{self._base}/{path}/", json=body, timeout=30).json()
        if not answer["status"]:
            raise SystemExit(f"{path}: {answer['data']}")
        return answer["data"]

    def make_session(self) -> None:
        """Have the delivery session made, and wait for it."""
        zipcode = self.call("zipcodes/create-zipcode", domain=1, zipcode=POSTCODE)
        while zipcode["status"] in ("pending", "in-progress"):
            time.sleep(0.5)
            (zipcode,) = self.call("zipcodes/get-zipcodes")

    def wait_for(self, collection: int) -> None:
        """Wait for the end of a collection's newest run. Raises SystemExit if it fails."""
        while True:
            (result,) = self.call(
                f"{CATEGORY}/result", collection_id=collection, include_asins=False
            )
            if result["stage"] == "failed":
                raise SystemExit(result["failed_message"])
            if result["stage"] == "done":
                return
            time.sleep(0.5)

    def fallen(self, collection: int) -> str:
        """The ASIN of a product whose price has fallen."""
        changes = self.call(
            f"{CATEGORY}/changes", collection_id=collection, kind="price_down", limit=1
        )
        return str(changes["items"][0]["asin"])


def _look(link: str, api: Api, collection: int) -> None:
    from playwright.sync_api import sync_playwright

    from category_crawler.delivery.browser import browser_arguments, find_browser

    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(find_browser()), args=browser_arguments()
        )
        page = browser.new_page(
            viewport=SIZE,
            locale="en-AU",
            timezone_id="Australia/Sydney",
            color_scheme="light",
        )
        page.goto(link)
        base = page.url.partition("/collections")[0]
        _new_crawl(page, base)
        for name, path in (
            ("collections", "/collections/"),
            ("run", f"/collections/{collection}/"),
            ("changes", f"/collections/{collection}/changes/"),
            ("product", f"/products/{DOMAIN}/{api.fallen(collection)}/"),
        ):
            page.goto(base + path)
            _take(page, name)
        page.goto(f"{base}/collections/{collection}/")
        page.get_by_role("link", name="Products", exact=True).click()
        _take(page, "products")
        browser.close()


def _new_crawl(page: Any, base: str) -> None:
    page.goto(f"{base}/new/")
    page.get_by_label("Address of a category’s page").fill(URL)
    page.get_by_text("Understood").wait_for()
    page.get_by_label("Deliver to (postcode)").press_sequentially(POSTCODE)
    page.get_by_text("The shop delivers to").wait_for()
    page.get_by_role("button", name="Preview").click()
    page.get_by_text("products, according to the shop").wait_for(timeout=60_000)
    _take(page, "new-crawl")


def _take(page: Any, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.evaluate("scrollTo(0, 0)")
    path: Path = IMAGES / f"{name}.png"
    page.screenshot(path=path)
    print(f"{path.relative_to(PROJECT)}  {path.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    sys.exit(main())
