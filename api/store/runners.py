"""Collections and their runners."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from sqlite3 import Connection
from typing import Any

from api.store.alerts import Alerts
from api.store.credits import UserCredits
from api.store.database import SQLiteFile, plain
from api.store.exports import Exports
from api.store.idempotency import IdempotencyKeys, Once
from api.store.limits import HAS_JOB
from api.store.new_runner import add_runner
from api.store.notices import Notices
from api.store.places import Places
from api.store.reading import columns_of, reader_of
from api.store.records import Collection, OpenJob, Outcome, Runner, StoredRequest
from api.store.removals import Removals
from api.store.retention import RetentionRules
from api.store.schedules import Due, Plan, Schedules
from api.store.stage import Stage
from api.store.totals import RunTotals
from category_crawler.errors import Cancelled
from category_crawler.run.records import Progress, Traffic
from category_crawler.times import utc_now

_RUNNERS = (
    f"SELECT {columns_of(Runner, 'runners')}, {columns_of(Collection, 'collections')} "
    "FROM runners JOIN collections ON collections.id = runners.collection"
)
_FILES_ARE_FREE = (
    "stage IN ('done', 'failed') AND NOT is_stopping "
    "AND NOT EXISTS (SELECT 1 FROM runners AS later WHERE later.earlier = runners.id "
    "AND later.stage IN ('queued', 'scraping')) "
    "AND NOT EXISTS (SELECT 1 FROM exports WHERE exports.runner = runners.id "
    "AND status = 'pending')"
)
_SEARCHED = (
    "collections.name || ' ' || coalesce(node_name, '') || ' ' || "
    "coalesce(json_extract(request, '$.amazon_node_id'), '') || ' ' || "
    "coalesce(json_extract(request, '$.category_url'), '') || ' ' || "
    "coalesce(json_extract(request, '$.domain'), '') || ' ' || "
    "coalesce(json_extract(request, '$.postcode'), '')"
)
_OF_PLACE = (
    # As the index has it.
    "FROM collections WHERE user = ?1 "
    "AND iif(json_valid(request), json_extract(request, '$.domain'), NULL) = ?2 AND "
    "upper(replace(replace(iif(json_valid(request), json_extract(request, '$.postcode'), NULL), "
    "' ', ''), '-', '')) = upper(replace(replace(?3, ' ', ''), '-', ''))"
)
_AS_RUNNER = reader_of(Runner)
_AS_COLLECTION = reader_of(Collection)
_REQUEST_TYPE = "amazon_category_scrape"


class Runners:
    """Collections and runners in the database."""

    def __init__(
        self,
        file: SQLiteFile,
        credit: UserCredits,
        notices: Notices,
        keys: IdempotencyKeys,
        schedules: Schedules,
        alerts: Alerts,
        exports: Exports,
        removals: Removals,
        totals: RunTotals,
        places: Places,
        retention: RetentionRules,
    ) -> None:
        self._file = file
        self._credits = credit
        self._notices = notices
        self._keys = keys
        self._schedules = schedules
        self._alerts = alerts
        self._exports = exports
        self._removals = removals
        self._totals = totals
        self._places = places
        self._retention = retention

    def add_collection(
        self,
        user: int,
        name: str,
        request: StoredRequest,
        warnings: list[str],
        wanted: int = 1,
        check: Callable[[], None] = lambda: None,
        prepare: Callable[[Runner], None] = lambda _: None,
        *,
        once: Once | None = None,
        plan: Plan | None = None,
    ) -> Runner:
        """A new collection with its first runner, queued, and the runner's first attempt.

        Freezes the credits ``wanted`` for the runner, or as many as the user has, with a warning.
        ``check`` runs in the transaction, so that no delivery session can be removed meanwhile; if
        it raises, nothing is recorded; ``prepare`` does too, once the runner has its number. Raises
        NotEnoughCredits if the user has none, AlreadyDone or KeyTaken if the key is known.
        """
        with self._file.writing() as connection:
            self._keys.recall(connection, once)
            check()
            number = connection.execute(
                "INSERT INTO collections (user, name, request_type, request, warnings, created_at) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (user, name, _REQUEST_TYPE, request.to_json(), json.dumps(warnings), utc_now()),
            ).lastrowid
            assert number is not None
            collection = Collection(number, user, name, _REQUEST_TYPE, request, warnings)
            runner = self._add(connection, collection, wanted)
            if plan is not None:
                self._schedules.add(connection, user, number, plan)
            self._keys.remember(connection, once, runner)
            prepare(runner)
            return runner

    def add_again(
        self,
        newest: Runner,
        wanted: int,
        check: Callable[[], None],
        prepare: Callable[[Runner], None],
        *,
        once: Once | None = None,
        due: Due | None = None,
    ) -> Runner | None:
        """A new runner of a collection whose newest one has ended; it begins from nothing.

        None if the collection has a newer one by now, or if another watcher has settled the run
        that is ``due``. For the rest see :meth:`add_collection`.
        """
        with self._file.writing() as connection:
            self._keys.recall(connection, once)
            if not _is_newest(connection, newest):
                return None
            if due is not None and not self._schedules.take(connection, due):
                return None
            check()
            runner = self._add(connection, newest.collection, wanted)
            self._keys.remember(connection, once, runner)
            prepare(runner)
            return runner

    def add(
        self,
        earlier: Runner,
        kept: int,
        wanted: int,
        prepare: Callable[[Runner], None] = lambda _: None,
    ) -> Runner | None:
        """A new runner that continues ``earlier``.

        None if that is not the collection's newest, or if its files have been removed.
        ``kept`` rows are carried over and not paid for again. ``prepare`` runs in the transaction.
        Raises NotEnoughCredits.
        """
        collection = earlier.collection
        with self._file.writing() as connection:
            if not _is_newest(connection, earlier) or _is_removed(connection, earlier):
                return None
            runner = self._add(connection, collection, wanted, earlier.id, kept)
            prepare(runner)
            return runner

    def _add(
        self,
        connection: Connection,
        collection: Collection,
        wanted: int,
        earlier: int | None = None,
        carried: int = 0,
    ) -> Runner:
        into = connection, self._credits, self._places
        return add_runner(*into, collection, wanted, earlier, carried)

    def remove(self, runner: int) -> None:
        """Undo :meth:`add` or :meth:`add_again`: Scrapyd never took the job."""
        with self._file.writing() as connection:
            self._credits.settle(connection, runner, 0, is_over=True)
            self._keys.release(connection, runner)
            connection.execute("DELETE FROM attempts WHERE runner = ?", (runner,))
            (collection,) = connection.execute(
                "DELETE FROM runners WHERE id = ? RETURNING collection", (runner,)
            ).fetchone()
            connection.execute(
                "UPDATE collections SET newest = "
                "(SELECT max(id) FROM runners WHERE collection = ?1) WHERE id = ?1",
                (collection,),
            )

    def next_attempt(self, runner: Runner, mark: int, stalled: int) -> Runner | None:
        """Record an open runner's next attempt; None if another process was first."""
        with self._file.writing() as connection:
            moved = connection.execute(
                "UPDATE runners SET attempt = attempt + 1, mark = ?, stalled = ?, "
                "missing_since = NULL WHERE id = ? AND attempt = ? "
                "AND stage IN ('queued', 'scraping') RETURNING stage, started_at",
                (mark, stalled, runner.id, runner.attempt),
            ).fetchone()
            if moved is None:
                return None
            connection.execute(
                "INSERT INTO attempts (runner, number, created_at) VALUES (?, ?, ?)",
                (runner.id, runner.attempt + 1, utc_now()),
            )
        stage, started_at = moved
        return replace(
            runner,
            stage=Stage(stage),
            attempt=runner.attempt + 1,
            mark=mark,
            stalled=stalled,
            missing_since=None,
            started_at=started_at,
        )

    def undo_attempt(self, before: Runner) -> None:
        """Undo :meth:`next_attempt`: Scrapyd never took the job."""
        with self._file.writing() as connection:
            undone = connection.execute(
                "UPDATE runners SET attempt = attempt - 1, mark = ?, stalled = ? "
                "WHERE id = ? AND attempt = ? + 1 RETURNING id, attempt + 1",
                (before.mark, before.stalled, before.id, before.attempt),
            ).fetchone()
            if undone is not None:
                connection.execute("DELETE FROM attempts WHERE runner = ? AND number = ?", undone)

    def remove_collection(self, collection: int) -> None:
        """Undo :meth:`add_collection`: Scrapyd never took the job."""
        with self._file.writing() as connection:
            runners = _runners_of(connection, collection)
            for runner in runners:
                self._credits.settle(connection, runner, 0, is_over=True)
            self._drop(connection, collection, runners)

    def delete_collection(self, user: int, collection: int) -> bool:
        """Delete a user's collection with its runners, schedule, alerts and unsent notices.

        False, and nothing is deleted, while one of its runners is open, or was cancelled and its
        job may still be alive. The same transaction records that its files are to be removed.
        """
        with self._file.writing() as connection:
            own = connection.execute(
                "SELECT 1 FROM collections WHERE id = ? AND user = ? AND NOT EXISTS ("
                "SELECT 1 FROM runners WHERE collection = collections.id "
                "AND (stage IN ('queued', 'scraping') OR is_stopping))",
                (collection, user),
            ).fetchone()
            if own is None:
                return False
            runners = _runners_of(connection, collection)
            self._drop(connection, collection, runners)
            self._removals.add(connection, user, collection, runners)
        return True

    def rename_collection(self, user: int, collection: int, name: str) -> bool:
        """Give a user's collection another name; False if there is no such collection."""
        return self._file.moved(
            "UPDATE collections SET name = ? WHERE id = ? AND user = ? RETURNING id",
            (name, collection, user),
        )

    def _drop(self, connection: Connection, collection: int, runners: Sequence[int]) -> None:
        """Delete a collection's rows from every table."""
        self._schedules.drop(connection, collection)
        self._alerts.drop(connection, collection)
        self._retention.drop(connection, collection)
        for runner in runners:
            self._keys.release(connection, runner)
            for table in ("attempts", "notices", "alerts", "exports"):
                connection.execute(f"DELETE FROM {table} WHERE runner = ?", (runner,))
        # The newest first: a runner may continue an earlier one.
        for runner in reversed(runners):
            connection.execute("DELETE FROM runners WHERE id = ?", (runner,))
        connection.execute("DELETE FROM collections WHERE id = ?", (collection,))

    def get(self, runner: int) -> Runner | None:
        """The runner with this number."""
        return self._file.one(_AS_RUNNER, f"{_RUNNERS} WHERE runners.id = ?", (runner,))

    def newest(self, user: int, collection: int) -> Runner | None:
        """The newest runner of a user's own collection."""
        return self._file.one(
            _AS_RUNNER,
            f"{_RUNNERS} WHERE collection = ? AND user = ? ORDER BY runners.id DESC LIMIT 1",
            (collection, user),
        )

    def own(self, user: int, collection: int, runner: int) -> Runner | None:
        """A runner of a user's own collection."""
        return self._file.one(
            _AS_RUNNER,
            f"{_RUNNERS} WHERE runners.id = ? AND collection = ? AND user = ?",
            (runner, collection, user),
        )

    def done(self, collection: int, limit: int = 100) -> list[Runner]:
        """The latest runners of a collection that are done, newest first."""
        return self._file.all(
            _AS_RUNNER,
            f"{_RUNNERS} WHERE collection = ? AND stage = 'done' ORDER BY runners.id DESC LIMIT ?",
            (collection, limit),
        )

    def ended_in(self, collection: int, limit: int = 100) -> list[Runner]:
        """The latest runners of a collection that have ended, newest first."""
        return self._file.all(
            _AS_RUNNER,
            f"{_RUNNERS} WHERE collection = ? AND stage IN ('done', 'failed') "
            "ORDER BY runners.id DESC LIMIT ?",
            (collection, limit),
        )

    def last_done_before(self, runner: Runner) -> Runner | None:
        """The newest runner of the same collection that is done and older than this one."""
        return self._file.one(
            _AS_RUNNER,
            f"{_RUNNERS} WHERE collection = ? AND runners.id < ? AND stage = 'done' "
            "ORDER BY runners.id DESC LIMIT 1",
            (runner.collection.id, runner.id),
        )

    def last_ended(self, collection: int) -> Runner | None:
        """The newest runner of a collection that has ended, cancelled ones left out."""
        return self._file.one(
            _AS_RUNNER,
            f"{_RUNNERS} WHERE collection = ? AND stage IN ('done', 'failed') "
            "AND failed_reason IS NOT ? ORDER BY runners.id DESC LIMIT 1",
            (collection, Cancelled.reason),
        )

    def of_collection(self, collection: int, limit: int, skip: int = 0) -> list[Runner]:
        """Runners of a collection, newest first."""
        return self._file.all(
            _AS_RUNNER,
            f"{_RUNNERS} WHERE collection = ? ORDER BY runners.id DESC LIMIT ? OFFSET ?",
            (collection, limit, skip),
        )

    def number_of(self, collection: int) -> int:
        """How many runners a collection has had."""
        ((number,),) = self._file.rows(
            "SELECT count(*) FROM runners WHERE collection = ?", (collection,)
        )
        return int(number)

    def search(
        self, user: int, words: Sequence[str], stage: Stage | None, limit: int, skip: int
    ) -> tuple[int, list[Runner]]:
        """The same as :meth:`page`, of those collections that hold every word.

        They are looked for in the name, the node and its name, the address, the shop and the
        postcode; neither case nor accents matter.
        """
        holds = " AND ".join(f"instr(plain({_SEARCHED}), ?)" for _ in words) or "1"
        found = self._file.rows(
            "SELECT newest FROM collections JOIN runners ON runners.id = newest "
            f"WHERE user = ? AND (?2 IS NULL OR stage = ?2) AND {holds} ORDER BY newest DESC",
            (user, stage, *map(plain, words)),
        )
        marks = ", ".join("?" * len(found[skip : skip + limit]))
        query = f"{_RUNNERS} WHERE runners.id IN ({marks}) ORDER BY runners.id DESC"
        numbers = tuple(number for (number,) in found[skip : skip + limit])
        return len(found), self._file.all(_AS_RUNNER, query, numbers)

    def page(
        self, user: int, stage: Stage | None, limit: int, skip: int
    ) -> tuple[int, list[Runner]]:
        """How many of a user's collections there are, and some of their newest runners."""
        values = {"user": user, "stage": stage, "limit": limit, "skip": skip}
        found = "FROM collections WHERE user = :user"
        if stage is not None:
            found = (
                "FROM collections JOIN runners ON runners.id = newest "
                "WHERE user = :user AND stage = :stage"
            )
        ((total,),) = self._file.rows(f"SELECT count(*) {found}", values)
        page = f"SELECT newest {found} ORDER BY newest DESC LIMIT :limit OFFSET :skip"
        query = f"{_RUNNERS} WHERE runners.id IN ({page}) ORDER BY runners.id DESC"
        return total, self._file.all(_AS_RUNNER, query, values)

    def recent(
        self,
        stage: Stage | None,
        before: int,
        limit: int,
        *,
        user: int | None = None,
        collection: int | None = None,
    ) -> list[Runner]:
        """Runners with numbers below ``before``, newest first; None is all users or collections."""
        return self._file.all(
            _AS_RUNNER,
            f"{_RUNNERS} WHERE runners.id < ?1 AND (?2 IS NULL OR stage = ?2) "
            "AND (?4 IS NULL OR owner = ?4) AND (?5 IS NULL OR collection = ?5) "
            "ORDER BY runners.id DESC LIMIT ?3",
            (before, stage, limit, user, collection),
        )

    def open(self) -> list[Runner]:
        """Runners that have not ended, and cancelled ones whose job may still be alive."""
        query = f"{_RUNNERS} WHERE stage IN ('queued', 'scraping') OR is_stopping"
        return self._file.all(_AS_RUNNER, query)

    def open_jobs(self) -> list[OpenJob]:
        """The present jobs of the runners that :meth:`open` returns; cheap also for thousands.

        Those that are held back have none.
        """
        found = self._file.rows(
            "SELECT id, attempt, stage = 'queued' AND missing_since IS NULL AND NOT is_stopping "
            f"FROM runners WHERE {HAS_JOB}"
        )
        return [OpenJob(*values) for values in found]

    def open_by_stage(self) -> dict[str, int]:
        """How many runners are ``queued`` and ``scraping``, or have ended and are ``stopping``."""
        found = self._file.rows(
            "SELECT iif(is_stopping, 'stopping', stage) AS stands, count(*) FROM runners "
            "WHERE stage IN ('queued', 'scraping') OR is_stopping GROUP BY stands"
        )
        return dict.fromkeys(("queued", "scraping", "stopping"), 0) | dict(found)

    def scraping_at(self, domain: str) -> int:
        """How many runs are being crawled at a shop, of all users."""
        ((number,),) = self._file.rows(
            "SELECT count(*) FROM runners JOIN collections ON collections.id = runners.collection "
            "WHERE (stage IN ('queued', 'scraping') OR is_stopping) AND stage = 'scraping' "
            "AND iif(json_valid(request), json_extract(request, '$.domain'), NULL) = ?",
            (domain,),
        )
        return int(number)

    def waiting_since(self) -> str | None:
        """When the job that has waited longest was scheduled; None if no job waits."""
        ((since,),) = self._file.rows(
            "SELECT min(since) FROM ("
            "SELECT attempts.created_at AS since FROM runners "
            "JOIN attempts ON attempts.runner = runners.id AND number = attempt "
            f"WHERE {HAS_JOB} AND stage = 'queued' "
            "UNION ALL SELECT updated_at FROM sessions "
            "WHERE status IN ('pending', 'in-progress') AND status = 'pending')"
        )
        waiting: str | None = since
        return waiting

    def ended(self, before: str) -> list[Runner]:
        """Runners that ended before a moment (UTC, ISO 8601 with Z) and whose jobs are gone.

        Without those that an open runner continues, whose spider may not have copied the rows yet,
        and those with files that are still to be exported.
        """
        query = f"{_RUNNERS} WHERE finished_at < ? AND {_FILES_ARE_FREE}"
        return self._file.all(_AS_RUNNER, query, (before,))

    def expired(self, collection: int, before: str | None, kept: int | None) -> list[Runner]:
        """Runners of a collection that ended before a moment, or have ``kept`` newer ended ones.

        Only those whose files are there and not needed, see :meth:`ended`, and are in the history;
        without the newest that is done. Oldest first.
        """
        there = "collection = ?1 AND stage IN ('done', 'failed') AND files_removed_at IS NULL"
        query = (
            f"{_RUNNERS} WHERE {there} AND (finished_at < ?2 OR (?3 IS NOT NULL AND runners.id < "
            f"(SELECT id FROM runners WHERE {there} ORDER BY id DESC "
            "LIMIT 1 OFFSET ifnull(?3, 1) - 1))) AND runners.id IS NOT "
            f"(SELECT max(id) FROM runners WHERE {there} AND stage = 'done') "
            f"AND is_recorded AND {_FILES_ARE_FREE} ORDER BY runners.id"
        )
        return self._file.all(_AS_RUNNER, query, (collection, before, kept))

    def unrecorded(self, limit: int) -> list[Runner]:
        """Ended runners that are not in their collection's history yet, oldest first."""
        query = (
            f"{_RUNNERS} WHERE stage IN ('done', 'failed') AND NOT is_stopping "
            "AND NOT is_recorded ORDER BY runners.id LIMIT ?"
        )
        return self._file.all(_AS_RUNNER, query, (limit,))

    def set_recorded(self, runner: int) -> None:
        """Note that an ended runner is in its collection's history."""
        with self._file.writing() as connection:
            connection.execute("UPDATE runners SET is_recorded = 1 WHERE id = ?", (runner,))

    def collections(self, user: int) -> list[Collection]:
        """All collections of a user."""
        query = f"SELECT {columns_of(Collection, 'collections')} FROM collections WHERE user = ?"
        return self._file.all(_AS_COLLECTION, query, (user,))

    def seen_from(
        self, user: int, domain: str, postcode: str, limit: int
    ) -> tuple[int, list[Collection]]:
        """How many collections of a user are seen from a postcode, and the newest of them."""
        found = self._file.rows(
            f"SELECT (SELECT count(*) {_OF_PLACE}), {columns_of(Collection, 'collections')} "
            f"{_OF_PLACE} ORDER BY id DESC LIMIT ?4",
            (user, domain, postcode, limit),
        )
        return (found[0][0] if found else 0), [_AS_COLLECTION(row[1:]) for row in found]

    def remove_files(self, runners: Mapping[int, Progress | None], rule: str) -> set[int]:
        """Record that the files of ended runners are being removed, before the first goes.

        ``runners`` are their numbers, with the progress to keep. Returns those whose files are not
        needed any more, see :meth:`ended`. An earlier record stays as it is.
        """
        now, free = utc_now(), set()
        with self._file.writing() as connection:
            for runner, progress in runners.items():
                kept = progress and progress.model_dump_json(exclude_unset=True)
                moved = connection.execute(
                    "UPDATE runners SET files_removed_at = coalesce(files_removed_at, ?), "
                    "files_removed_by = coalesce(files_removed_by, ?), "
                    "last_progress = coalesce(last_progress, ?) "
                    f"WHERE id = ? AND {_FILES_ARE_FREE} RETURNING id",
                    (now, rule, kept, runner),
                ).fetchone()
                if moved is not None:
                    free.add(runner)
        return free

    def start(self, runner: int, started_at: str) -> bool:
        """Move from queued to scraping."""
        return self._file.moved(
            "UPDATE runners SET stage = 'scraping', started_at = ? "
            "WHERE id = ? AND stage = 'queued' RETURNING id",
            (started_at, runner),
        )

    def end(self, runner: int, outcome: Outcome) -> bool:
        """Move to ``done`` or ``failed``; False if it had ended: an end never changes.

        The same transaction charges the rows kept, adds to the totals, writes the notices, has the
        runner's files be copied where results are exported, and has the runner be tried against its
        collection's alerts unless its user has cancelled it. After a cancel it removes the
        collection's schedule. It also returns the rest of the reserve; while the runner
        ``is_stopping``, :meth:`see_out` does that.
        """
        with self._file.writing() as connection:
            moved = connection.execute(
                "UPDATE runners SET stage = ?, asin_count = ?, coverage = ?, failed_reason = ?, "
                # A run that is held back has no job that could be stopping.
                "failed_message = ?, is_stopping = ? AND NOT is_held, node_name = ?, "
                "finished_at = ?, missing_since = NULL, is_held = 0 "
                "WHERE id = ? AND stage IN ('queued', 'scraping') "
                "RETURNING collection, carried, is_stopping",
                (*_columns(outcome), runner),
            ).fetchone()
            if moved is not None:
                collection, carried, is_stopping = moved
                is_over = not is_stopping
                self._credits.settle(connection, runner, outcome.asin_count, is_over=is_over)
                self._notices.add(connection, runner, is_by_user=outcome.is_by_user)
                self._exports.add(connection, runner, outcome)
                own = max(0, outcome.asin_count - carried)
                self._totals.add_end(connection, runner, outcome, own)
                if not outcome.is_by_user:
                    self._alerts.add(connection, runner)
                if outcome.failed_reason == Cancelled.reason:
                    self._schedules.drop(connection, collection)
        return moved is not None

    def see_out(
        self, runner: int, kept: int, node_name: str | None = None, traffic: Traffic | None = None
    ) -> bool:
        """Record that a cancelled job is gone, and charge the rows that it wrote until then.

        Counts what it has asked of its shop, too.
        """
        with self._file.writing() as connection:
            gone = connection.execute(
                "UPDATE runners SET is_stopping = 0, asin_count = ?, "
                "node_name = coalesce(node_name, ?) WHERE id = ? AND is_stopping RETURNING carried",
                (kept, node_name, runner),
            ).fetchone()
            if gone is not None:
                self._credits.settle(connection, runner, kept, is_over=True)
                own = max(0, kept - gone[0])
                self._totals.count_in(connection, runner, traffic or Traffic(), own)
        return gone is not None

    def set_missing(self, runner: int, since: str | None) -> None:
        """Record since when Scrapyd has not known the job; None if it knows it."""
        with self._file.writing() as connection:
            connection.execute("UPDATE runners SET missing_since = ? WHERE id = ?", (since, runner))


def _runners_of(connection: Connection, collection: int) -> list[int]:
    """The numbers of a collection's runners, the oldest first."""
    found = connection.execute(
        "SELECT id FROM runners WHERE collection = ? ORDER BY id", (collection,)
    ).fetchall()
    return [number for (number,) in found]


def _is_newest(connection: Connection, runner: Runner) -> bool:
    """Whether the collection has no newer runner."""
    newest = connection.execute(
        "SELECT max(id) FROM runners WHERE collection = ?", (runner.collection.id,)
    ).fetchone()
    return bool(newest == (runner.id,))


def _is_removed(connection: Connection, runner: Runner) -> bool:
    """Whether the removal of the runner's files is recorded."""
    removed = connection.execute(
        "SELECT files_removed_at FROM runners WHERE id = ?", (runner.id,)
    ).fetchone()
    return bool(removed != (None,))


def _columns(outcome: Outcome) -> tuple[Any, ...]:
    """The values to store of an outcome."""
    return (
        outcome.stage,
        outcome.asin_count,
        None if outcome.coverage is None else json.dumps(outcome.coverage),
        outcome.failed_reason,
        outcome.failed_message,
        outcome.is_stopping,
        outcome.node_name,
        outcome.finished_at,
    )
