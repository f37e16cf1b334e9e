"""The home folder, which holds cookies, results, logs and the operator's settings."""

import os
from functools import cache
from pathlib import Path

from platformdirs import user_data_dir

from category_crawler.checkout import PROJECT, is_checkout


def home() -> Path:
    """The folder in ``CATEGORY_CRAWLER_HOME``, else the checkout's, else the user's own for data.

    The last is ``category-crawler`` in ``$XDG_DATA_HOME`` or ``~/.local/share``.
    """
    return _resolved(os.environ.get("CATEGORY_CRAWLER_HOME") or _default_home())


def cookies_folder() -> Path:
    """Holds one delivery session per domain and postcode, ``<domain>/<POSTCODE>.json``."""
    return _joined(home(), "cookies")


def results_folder() -> Path:
    """Holds one folder per run."""
    return _joined(home(), "results")


def reports_folder() -> Path:
    """Holds what short jobs report to the API: below ``results/``, which all nodes share."""
    return results_folder() / "reports"


def var_folder() -> Path:
    """Holds the services' own files: database, queue, logs, temporary files.

    It is ``CATEGORY_CRAWLER_VAR``, else ``var`` in the home. The nodes of a cluster share a home,
    and each has files of its own here, on a local disk.
    """
    named = os.environ.get("CATEGORY_CRAWLER_VAR")
    return _resolved(named) if named else _joined(home(), "var")


def serve_lock() -> Path:
    """The file that is locked while the service runs over this home."""
    return _joined(var_folder(), "serve.lock")


def logs_folder() -> Path:
    """Holds the logs of jobs: below ``var/``, and in a cluster where all machines see them."""
    shared = os.environ.get("CATEGORY_CRAWLER_QUEUE")
    return (results_folder() if shared else var_folder()) / "logs"


def settings_file() -> Path:
    """The operator's own Scrapy settings, read last."""
    return _joined(home(), "settings.toml")


def _default_home() -> str:
    return str(PROJECT) if is_checkout() else user_data_dir("category-crawler", appauthor=False)


@cache
def _joined(home: Path, name: str) -> Path:
    return home / name


@cache
def _resolved(path: str) -> Path:
    return Path(path).expanduser().resolve()
