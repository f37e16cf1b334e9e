"""The environment variables that this project reads, and a check for misspelt ones."""

import os
from collections.abc import Iterable, Mapping

from category_crawler.errors import InvalidSetting
from category_crawler.misspelling import nearest

PREFIX = "CATEGORY_CRAWLER_"
VARIABLES = frozenset(
    (
        *("CATEGORY_CRAWLER_HOME", "CATEGORY_CRAWLER_CONTACT", "CATEGORY_CRAWLER_CANCEL_GRACE"),
        *("CATEGORY_CRAWLER_PARENT", "CATEGORY_CRAWLER_VAR"),
        *("CATEGORY_CRAWLER_QUEUE", "CATEGORY_CRAWLER_NODE", "CATEGORY_CRAWLER_EXIT"),
        *("CATEGORY_CRAWLER_LEASE", "CATEGORY_CRAWLER_CLAIM"),
        *("SCRAPYD_ADDRESS", "SCRAPYD_PORT", "SCRAPYD_MAX_PROC_PER_CPU", "SCRAPYD_POLL_INTERVAL"),
        *("LOG_FORMAT", "LOG_FOLDER"),
        *("CHROMIUM_PATH", "CHROMIUM_ARGS", "PLAYWRIGHT_BROWSERS_PATH"),
    )
)
"""The crawler's and Scrapyd's; the API adds its own."""
_OF_OTHERS = frozenset({"CHROMIUM_FLAGS", "CHROMIUM_USER_FLAGS"})
"""They resemble ours, and belong to Debian's chromium."""


_OF_API = (PREFIX, "AWS_", "GOOGLE_", "FSSPEC_")
"""How the names of the API's settings begin, and of the credentials for copies of results."""


def without_secrets(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment for a child process: without what is for the API alone, some of it secret."""
    return {n: v for n, v in environment.items() if n in VARIABLES or not n.startswith(_OF_API)}


def check_environment(more: Iterable[str] = ()) -> None:
    """Raise InvalidSetting for a variable whose name is nearly that of one we read.

    ``more`` names variables beside :data:`VARIABLES`. Names that resemble none are left alone:
    they may belong to other programs.
    """
    known = VARIABLES.union(more)
    for name in os.environ:
        if name not in known | _OF_OTHERS and (meant := nearest(name, known)):
            raise InvalidSetting(f"there is no environment variable {name}: did you mean {meant}?")
