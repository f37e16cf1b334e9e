"""Scrapyd's queue of waiting jobs."""

from collections import deque
from collections.abc import Callable
from typing import Any

from scrapyd.spiderqueue import SqliteSpiderQueue

from category_crawler.daemon.job_database import prepare, undone_if_failed, why_not_writable
from category_crawler.daemon.short_jobs import SHORT_SPIDERS

Message = dict[str, Any]


class JobQueue(SqliteSpiderQueue):
    """Scrapyd's queue in SQLite, and a second queue in memory for jobs that could not start.

    The file is not synced for each job. A power cut or a killed daemon may lose jobs of either
    queue; the API notices and schedules them again.
    """

    def __init__(self, config: Any, project: str) -> None:
        super().__init__(config, project)
        prepare(self.q.conn)
        self._given_back: deque[Message] = deque()
        self._was_given_back = False
        """Whether the latest job came from the queue in memory."""

    @property
    def why_not_writable(self) -> str:
        """Why the file cannot be used now; empty if it can."""
        return why_not_writable(self.q.conn)

    def give_back(self, message: Message) -> None:
        """Put back a job that could not be started; it works even if the disk is full."""
        self._given_back.append(message)

    def add(self, name: str, priority: float = 0.0, **spider_args: Any) -> None:
        with undone_if_failed(self.q.conn):
            super().add(name, priority, **spider_args)

    def pop(self) -> Message | None:
        """The next job, alternating between the two queues so that neither has to wait."""
        self._was_given_back = bool(self._given_back) and not (self._was_given_back and len(self.q))
        if self._was_given_back:
            return self._given_back.popleft()
        with undone_if_failed(self.q.conn):
            message: Message | None = super().pop()
        return message

    def pop_short(self) -> Message | None:
        """The next job if it is a short one; the API puts those before all others."""
        with undone_if_failed(self.q.conn):
            # The order of the queue's own pop().
            found = self.q.conn.execute(
                "SELECT message FROM spider_queue ORDER BY priority DESC LIMIT 1"
            ).fetchone()
            if found is None or self.q.decode(*found)["name"] not in SHORT_SPIDERS:
                return None
            message: Message | None = super().pop()
        return message

    def count(self) -> int:
        return len(self._given_back) + int(super().count())

    def list(self) -> list[Message]:
        return [*self._given_back, *super().list()]

    def remove(self, func: Callable[[Message], bool]) -> int:
        kept = deque(message for message in self._given_back if not func(message))
        with undone_if_failed(self.q.conn):
            removed = int(super().remove(func))
        removed += len(self._given_back) - len(kept)
        self._given_back = kept
        return removed

    def clear(self) -> None:
        with undone_if_failed(self.q.conn):
            super().clear()
        self._given_back.clear()
