"""Makes a table in a process of its own.

``python -m category_crawler.tables KIND BYTES FILE`` reads the first BYTES of rows from
standard input, which must be a file, and writes FILE. What was asked comes as a JSON object in the
environment variable ``TABLE_FACTS``. It runs at the lowest priority, and stops when the process
that started it has gone (:mod:`category_crawler.process_watch`). The exit code is 0 only if the
table is complete.
"""

import json
import os
import sys
from pathlib import Path

from category_crawler.process_watch import exit_with_parent
from category_crawler.tables.maker import TableKind, write_table

FACTS = "TABLE_FACTS"
_LOWEST_PRIORITY = 19


def main() -> int:
    """Convert standard input to a table; returns the exit code."""
    kind, size, path = sys.argv[1:]
    os.nice(_LOWEST_PRIORITY)
    exit_with_parent()
    facts = json.loads(os.environ.get(FACTS, "{}"))
    try:
        write_table(TableKind(kind), sys.stdin.buffer, int(size), Path(path), facts)
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
