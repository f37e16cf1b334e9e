"""Scrapyd's list of finished jobs, shown in its web console."""

import sqlite3
from typing import Any

from scrapyd.jobstorage import SqliteJobStorage
from twisted.logger import Logger

from category_crawler.daemon.job_database import prepare, undone_if_failed, why_not_writable

log = Logger()


class JobHistory(SqliteJobStorage):
    """Scrapyd's job storage; a failed write is logged and does not stop the daemon."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        prepare(self.jobs.conn)

    @property
    def why_not_writable(self) -> str:
        """Why no job can be recorded now; empty if one can."""
        return why_not_writable(self.jobs.conn)

    def add(self, job: Any) -> None:
        """Record a finished job, or log the error.

        The API does not need the record: the run's summary says how it ended.
        """
        try:
            with undone_if_failed(self.jobs.conn):
                super().add(job)
        except sqlite3.Error as error:
            log.error("Finished job {job} was not recorded: {error}", job=job.job, error=error)
