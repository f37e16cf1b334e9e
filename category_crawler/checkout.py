"""Where this program's code is: in a checkout, or installed from a wheel."""

from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
"""The folder of the packages: a checkout's, else that of installed packages."""


@cache
def is_checkout() -> bool:
    """Whether this program runs from a checkout, and was not installed from a wheel."""
    return (PROJECT / "scrapy.cfg").exists()
