"""Finds the browser that makes delivery sessions, and its command-line arguments.

``python -m category_crawler.delivery.browser`` prints its path, or where it was searched for.
"""

import os
import shlex
import shutil
import sys
from pathlib import Path

from category_crawler.cluster.membership import QUEUE
from category_crawler.errors import BrowserMissing
from category_crawler.typed_command import typed

_ON_THE_PATH = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PLAYWRIGHTS_OWN = ("chromium-*/chrome-*/chrome", "chromium-*/chrome-mac*/*.app/Contents/MacOS/*")


def find_browser() -> Path:
    """The executable: ``CHROMIUM_PATH``, else Playwright's own, else one on the PATH.

    Raises BrowserMissing, with the places that were searched.
    """
    if named := os.environ.get("CHROMIUM_PATH"):
        if not os.access(named, os.X_OK):
            raise BrowserMissing(f"CHROMIUM_PATH names {named}, which is not a program")
        return Path(named)
    found = _playwrights_own() or _on_the_path()
    if found is None:
        raise BrowserMissing(
            f"no browser was found: neither Playwright's own in {_playwright_folder()} nor "
            f"{', '.join(_ON_THE_PATH)} on the PATH; run '{typed('browser')}', or name one with "
            "CHROMIUM_PATH"
        )
    return found


def browser_arguments() -> list[str]:
    """The arguments in ``CHROMIUM_ARGS``, split as in a shell."""
    return shlex.split(os.environ.get("CHROMIUM_ARGS", ""))


def browser_environment() -> dict[str, str]:
    """The environment of the browser: without the engine's password, which no page may find."""
    return {name: value for name, value in os.environ.items() if name != QUEUE}


def _playwrights_own() -> Path | None:
    folder = _playwright_folder()
    found = [path for pattern in _PLAYWRIGHTS_OWN for path in folder.glob(pattern)]
    return max((p for p in found if os.access(p, os.X_OK)), default=None, key=_revision)


def _playwright_folder() -> Path:
    if named := os.environ.get("PLAYWRIGHT_BROWSERS_PATH"):
        return Path(named)
    cache = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    return cache / "ms-playwright"


def _revision(path: Path) -> int:
    folder = next(part for part in path.parts if part.startswith("chromium-"))
    digits = folder.removeprefix("chromium-")
    return int(digits) if digits.isdigit() else 0


def _on_the_path() -> Path | None:
    found = (shutil.which(name) for name in _ON_THE_PATH)
    return next((Path(path) for path in found if path), None)


def main() -> int:
    """The command line; returns the exit code."""
    try:
        print(find_browser())
    except BrowserMissing as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
