"""Prints what the page readers see on saved pages: one line of JSON per file.

Use it when the site's markup changes: save a page, look at the output, fix the reader.
"""

import argparse
import gzip
import json
import os
import re
import sys
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from category_crawler.domain_config import DOMAINS, Marketplace
from category_crawler.pages import Page, read_page
from category_crawler.typed_command import typed

_HOST = re.compile(rb"https://www\.(amazon\.[a-z.]{2,6})/")
_DEFAULT = "amazon.com.au"
_KEYS = (
    *("kind", "products", "first", "last", "total", "total_is_rounded"),
    *("page", "last_page", "has_next", "location", "currency"),
    *("node_applied", "filters_applied", "filters_offered"),
    *("price_applied", "corrected_query", "title", "message", "metadata", "totals_differ"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 0, or 2 if a file could not be read."""
    options = _parser().parse_args(arguments)
    code = 0
    for path in options.files:
        try:
            body = _read(path)
        except (OSError, EOFError, zlib.error) as error:
            reason = getattr(error, "strerror", None) or f"damaged gzip ({error})"
            print(f"{path} cannot be read: {reason}", file=sys.stderr)
            code = 2
            continue
        shop = DOMAINS[options.domain] if options.domain else _guess(body, path)
        print(_line(path, read_page(body, shop)))
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=typed("pages"), description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="HTML, or .gz of it")
    parser.add_argument(
        "--domain",
        choices=list(DOMAINS),
        metavar="DOMAIN",
        help="the pages' marketplace, such as amazon.in; default: found in the page or file name",
    )
    return parser


def _read(path: Path) -> bytes:
    body = path.read_bytes()
    return gzip.decompress(body) if path.suffix == ".gz" else body


def _guess(body: bytes, path: Path) -> Marketplace:
    """The marketplace of the page's first link, else the one in the file's name."""
    linked = _HOST.search(body)
    named = re.search(r"amazon(?:\.[a-z]{2,3}){1,2}(?![a-z.])", path.name)
    for domain in (linked and linked.group(1).decode(), named and named.group()):
        if domain in DOMAINS:
            return DOMAINS[domain]
    print(f"{path}: read as a page of {_DEFAULT}; change it with --domain", file=sys.stderr)
    return DOMAINS[_DEFAULT]


def _line(path: Path, page: Page) -> str:
    values = asdict(page)
    return json.dumps({"file": str(path)} | {key: values[key] for key in _KEYS}, ensure_ascii=False)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:
        # The reader closed the pipe; without this Python prints another error when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
