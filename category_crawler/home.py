"""The home folder: where cookies, results, logs and the operator's settings lie."""

import os
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def home() -> Path:
    """The folder named by ``CATEGORY_CRAWLER_HOME``, else the project's own."""
    return _below(".")


def cookies_folder() -> Path:
    """Holds one delivery session per domain and postcode, ``<domain>/<POSTCODE>.json``."""
    return _below("cookies")


def results_folder() -> Path:
    """Holds one folder per run."""
    return _below("results")


def var_folder() -> Path:
    """Holds what services keep for themselves: database, queue, logs, temporary files."""
    return _below("var")


def settings_file() -> Path:
    """The operator's own Scrapy settings, read last."""
    return _below("settings.toml")


def _below(name: str) -> Path:
    return _resolved(os.environ.get("CATEGORY_CRAWLER_HOME") or str(PROJECT), name)


@cache
def _resolved(home: str, name: str) -> Path:
    return Path(home).expanduser().resolve() / name
