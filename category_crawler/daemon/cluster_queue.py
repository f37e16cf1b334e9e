"""The cluster's queue as Scrapyd's console shows it."""

from typing import Any

from category_crawler.cluster.queue import Message


class ClusterQueue:
    """The picture that a node's latest look has left: Scrapyd asks for it without waiting."""

    def __init__(self, config: Any, project: str) -> None:  # noqa: ARG002, as Scrapyd calls it
        self.waiting = 0
        """How many jobs wait."""
        self.first: list[Message] = []
        """The jobs that run next."""
        self.why_not_writable = ""
        """Why the engine cannot be used now; empty if it can."""

    def count(self) -> int:
        """How many jobs wait."""
        return self.waiting

    def list(self) -> list[Message]:
        """The jobs that run next; there may be more."""
        return self.first
