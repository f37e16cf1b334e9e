"""Scrapyd's queue may lose what waits in it: the API does not."""

import sqlite3

from tests.api.services import ENDED, Caller, Daemon
from tests.crawls import Home


def test_a_job_that_the_queue_has_lost_is_scheduled_again(
    no_slot: None, alice: Caller, scrapyd: Daemon, home: Home
) -> None:
    collection = alice.schedule()
    scrapyd.kill()
    queue = home.folder / "var" / "scrapyd" / "default.db"
    with sqlite3.connect(queue) as connection:
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
        lost = connection.execute("DELETE FROM spider_queue").rowcount
    connection.close()
    assert (mode, lost) == ("wal", 1)
    scrapyd.environment["SCRAPYD_MAX_PROC_PER_CPU"] = "1"
    scrapyd.start()
    result = alice.until(collection, *ENDED)
    assert (result["stage"], result["asin_count"]) == ("done", 60)
