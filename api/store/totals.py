"""Totals that only grow: how runs have ended, and what they have asked of the shops.

They stay when the files of a run are pruned, and when its collection is deleted. Each is added to
in the transaction of what it counts. They begin when a database first has their table.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Any, Self

from api.store.database import SQLiteFile
from api.store.records import NoticeKind, NoticeStatus, Outcome
from api.store.stage import Stage
from api.store.word import Word
from category_crawler.errors import known_reason
from category_crawler.run.records import Count, Traffic


class Total(Word):
    """What is counted; the label tells the kinds of one thing apart."""

    RUNS = "runs"
    """Runs that have ended; the label is why they failed, empty for those that are done."""
    PAGES = "pages"
    REQUESTS = "requests"
    RETRIES = "retries"
    BLOCKS = "blocks"
    """The label is the kind of the page."""
    PRODUCTS = "products"
    """Products kept; those carried over from a run that was continued count once."""
    LISTS = "lists"
    """Runs that are done; the label is whether their list is complete: yes, no, unknown."""
    COVERAGE = "coverage"
    """Runs that are done; the label is the bound of :data:`SHARES` that their share is up to."""
    COVERAGE_SUM = "coverage_sum"
    EFFORT = "effort"
    """Runs that are done; the label is a bound of :data:`EFFORTS`."""
    EFFORT_SUM = "effort_sum"
    NOTICES = "notices"
    """Notices that are settled; the label is their kind and status, as in ``mail sent``."""


SHARES = (0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.999, 1.0)
"""Upper bounds for a run's share of the products that the shop reports."""
EFFORTS = (0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0)
"""Upper bounds for a run's requests per product; full pages take 0.02 to 0.05."""

Totals = Mapping[Total, Mapping[str, float]]
"""Each total, by its labels."""


class Counted(Traffic):
    """What of a runner is in the totals by now."""

    products: Count = 0


@dataclass(frozen=True, slots=True)
class _Ended:
    """What an outcome says of a finished list."""

    share: float | None
    """Found of those that the shop reports; None where it reports no number."""
    complete: str

    @classmethod
    def of(cls, coverage: Mapping[str, Any]) -> Self:
        """The coverage of a runner that is done."""
        total, found = coverage.get("reported_total"), coverage.get("found", 0)
        complete = coverage.get("complete")
        return cls(
            share=min(1.0, found / total) if total else None,
            complete="unknown" if complete is None else "yes" if complete else "no",
        )


class RunTotals:
    """The totals of one database."""

    def __init__(self, file: SQLiteFile) -> None:
        self._file = file

    def all(self) -> Totals:
        """Every total that is not zero."""
        found: dict[Total, dict[str, float]] = {total: {} for total in Total}
        for name, label, value in self._file.rows("SELECT name, label, value FROM totals"):
            found[Total(name)][label] = value
        return found

    def count(self, runner: int, traffic: Traffic, products: int) -> None:
        """Count what a runner has asked of its shop so far, and how many products it has kept.

        What has been counted before is not counted again; where that was more, it stays. Of a
        runner that is gone nothing is counted.
        """
        given = Counted(**dict(traffic), products=products)
        if given == self._counted(self._file.db.conn, runner):
            return
        with self._file.writing() as connection:
            self.count_in(connection, runner, traffic, products)

    def count_in(
        self, connection: Connection, runner: int, traffic: Traffic, products: int
    ) -> Counted:
        """The same within a transaction; what of the runner is counted then."""
        before = self._counted(connection, runner)
        now = Counted(
            pages=max(before.pages, traffic.pages),
            requests=max(before.requests, traffic.requests),
            retries=max(before.retries, traffic.retries),
            blocks={
                kind: max(before.blocks.get(kind, 0), traffic.blocks.get(kind, 0))
                for kind in before.blocks | traffic.blocks
            },
            products=max(before.products, products),
        )
        is_there = connection.execute(
            "UPDATE runners SET counted = ? WHERE id = ? RETURNING id",
            (now.model_dump_json(), runner),
        ).fetchone()
        if is_there:
            for total, label, more in _differences(before, now):
                _add(connection, total, label, more)
        return now

    def add_end(self, connection: Connection, runner: int, outcome: Outcome, products: int) -> None:
        """Count the end of a runner."""
        counted = self.count_in(connection, runner, outcome.traffic, products)
        _add(connection, Total.RUNS, known_reason(outcome.failed_reason), 1)
        if outcome.stage is not Stage.DONE:
            return
        ended = _Ended.of(outcome.coverage or {})
        _add(connection, Total.LISTS, ended.complete, 1)
        if ended.share is not None:
            _observe(connection, Total.COVERAGE, SHARES, ended.share)
            _add(connection, Total.COVERAGE_SUM, "", ended.share)
        if counted.products:
            effort = counted.requests / counted.products
            _observe(connection, Total.EFFORT, EFFORTS, effort)
            _add(connection, Total.EFFORT_SUM, "", effort)

    def add_notice(self, connection: Connection, kind: NoticeKind, status: NoticeStatus) -> None:
        """Count a notice that is settled."""
        _add(connection, Total.NOTICES, f"{kind} {status}", 1)

    def _counted(self, connection: Connection, runner: int) -> Counted:
        (found,) = connection.execute(
            "SELECT counted FROM runners WHERE id = ?", (runner,)
        ).fetchone() or (None,)
        return Counted.model_validate_json(found) if found else Counted()


def _differences(before: Counted, now: Counted) -> Iterator[tuple[Total, str, int]]:
    yield Total.PAGES, "", now.pages - before.pages
    yield Total.REQUESTS, "", now.requests - before.requests
    yield Total.RETRIES, "", now.retries - before.retries
    yield Total.PRODUCTS, "", now.products - before.products
    for kind, number in now.blocks.items():
        yield Total.BLOCKS, str(kind), number - before.blocks.get(kind, 0)


def _observe(connection: Connection, total: Total, bounds: Sequence[float], value: float) -> None:
    """Count a value with those up to the next bound."""
    place = bisect_left(bounds, value)
    _add(connection, total, f"{bounds[place]:g}" if place < len(bounds) else "+Inf", 1)


def _add(connection: Connection, total: Total, label: str, more: float) -> None:
    if more:
        connection.execute(
            "INSERT INTO totals (name, label, value) VALUES (?, ?, ?) "
            "ON CONFLICT (name, label) DO UPDATE SET value = value + excluded.value",
            (total, label, more),
        )
