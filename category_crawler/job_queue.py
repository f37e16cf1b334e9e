"""Scrapyd's queue of jobs that wait, which takes one without waiting for the disk."""

from typing import Any

from scrapyd.spiderqueue import SqliteSpiderQueue


class JobQueue(SqliteSpiderQueue):
    """Scrapyd's own. What a power cut takes out of it, the API finds lost and schedules again."""

    def __init__(self, config: Any, project: str) -> None:
        super().__init__(config, project)
        self.q.conn.execute("PRAGMA journal_mode = WAL")
        self.q.conn.execute("PRAGMA synchronous = NORMAL")
