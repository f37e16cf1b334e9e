"""``python -m category_crawler.delivery import DOMAIN POSTCODE FILE`` imports a cookie file."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from category_crawler.delivery.session import import_session
from category_crawler.errors import CrawlError
from category_crawler.typed_command import typed


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog=typed("sessions"), description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    importer = commands.add_parser("import", help="import a cookie file exported from a browser")
    importer.add_argument("domain", help="such as amazon.com.au")
    importer.add_argument("postcode", help="such as 4500")
    importer.add_argument("file", type=Path, help="storage state, JSON cookie list or cookies.txt")
    options = parser.parse_args(arguments)
    try:
        path = import_session(options.domain, options.postcode, options.file)
    except (CrawlError, OSError) as error:
        print(f"Not imported: {error}", file=sys.stderr)
        return 2
    print(f"Imported: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
