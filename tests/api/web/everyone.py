"""Whether a page is for everyone: nothing serious for axe, and not wider than its window."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def check_for_everyone(page: Page) -> None:
    """Fail if a page, as it stands in the browser, has a serious barrier or is too wide."""
    found = [
        (one["id"], one["nodes"][0]["html"])
        for one in Axe().run(page).response["violations"]
        if one["impact"] in ("serious", "critical")
    ]
    assert found == [], f"{page.url}: {found}"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
