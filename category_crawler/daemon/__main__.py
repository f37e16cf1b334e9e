"""``python -m category_crawler.daemon``: Scrapyd as this project sets it up, until a signal."""

import sys
from pathlib import Path

from twisted.scripts import twistd

APPLICATION = Path(__file__).with_name("scrapyd.tac")
_LOG = "category_crawler.daemon.application.quiet_log"


def main() -> None:
    """Run Scrapyd in the foreground; its log goes to standard output."""
    sys.argv[1:1] = ["--nodaemon", f"--python={APPLICATION}", "--pidfile=", f"--logger={_LOG}"]
    twistd.run()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
