"""Writes the folder of a run, or of one attempt at it (:mod:`.attempt_folder`).

========================  ======================================================================
``job.json``              the job's fields
``run.lock``              locked while a spider writes the run; holds its PID
``products.part``         one row per line, written as products arrive; removed once the run is done
``sponsored.part``        products seen as advertisements, if the job includes them
``journal.jsonl``         one line per finished page
``progress.json``         how far the run has come; each write is atomic
``price_axis.json``       how the category was divided by price; each write is atomic
``events.jsonl``          what has happened besides: retries, waits, stops; bounded
``summary.json``          how the run ended; written at the end
``unreadable.html.gz``    the page that the readers did not understand, if it stopped the run
``category_asins.json``   the rows as a JSON array; an atomic write when the run is done
``plan.json``             what the next run of the same list can begin with; once this is done
``known.json``            the ``plan.json`` of an earlier run that this one began with
``….damaged``             a damaged file that one of these replaced, kept for the operator
========================  ======================================================================

Only the crawler writes here. All others use :mod:`.reader`.
"""

import fcntl
import json
import os
import time
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Self

from category_crawler.errors import Interrupted, RunError, RunExists, RunLocked, StorageFailed
from category_crawler.files.atomic_write import link, write_whole
from category_crawler.files.record_file import (
    NotReadable,
    is_damaged,
    is_in_the_way,
    set_aside,
    warn_once,
)
from category_crawler.items import Product
from category_crawler.run.append_file import AppendFile, storing
from category_crawler.run.attempt_folder import run_path
from category_crawler.run.events import Event, EventFile
from category_crawler.run.journal import PageRecord, read_journal
from category_crawler.run.price_axis import PriceAxis
from category_crawler.run.reader import (
    AXIS,
    EVENTS,
    JOB,
    JOURNAL,
    LOCK,
    PARTIAL_ROWS,
    PLAN,
    PROGRESS,
    ROWS,
    SPONSORED,
    SUMMARY,
    RunFolder,
    try_lock,
)
from category_crawler.run.records import Progress, Summary, Traffic
from category_crawler.run.rows import json_array, lines_of, read_row, row, rows_in, whole_rows

_LOCK_TRIES = 20
_SYNC_EVERY = 1.0
"""Least seconds between two syncs, because each sync blocks the spider."""


class Run:
    """The only writer of a run's folder.

    Open it with :meth:`create` or :meth:`resume`. Both take the lock; they raise RunLocked if
    another process has it, RunError if the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asins: set[str] = set()
        self.kept = 0
        self.kept_without_price = 0
        self.prices = array("q")
        """Cents of the rows kept that have a price, in order."""
        self.earlier_traffic = Traffic()
        """What earlier attempts at the same run have asked of the shop."""
        self._lock = _take_lock(folder)
        self._rows = AppendFile(folder / PARTIAL_ROWS)
        self._sponsored = AppendFile(folder / SPONSORED)
        self._journal = AppendFile(folder / JOURNAL)
        self._events = EventFile(folder / EVENTS)
        self._committed = (0, 0)
        """``kept`` and ``kept_without_price`` at the last commit."""
        self._synced_at = -_SYNC_EVERY
        """By the monotonic clock."""

    @classmethod
    def create(cls, folder: Path, job: dict[str, Any], earlier: Path | None = None) -> Self:
        """Start a run in a folder that holds none, with the finished pages of ``earlier`` if given.

        Raises RunExists if the folder already holds a run.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            run = cls(folder)
            if (folder / JOB).exists() or (earlier is None and run._journal.size):
                run.close()
                remove_second_copy(folder)
                raise RunExists(f"{folder} already holds a run: choose another name, or resume it")
            if earlier is not None:
                run._copy(earlier)
            # Last, because readers take a folder with this file for a run that has begun.
            write_whole(folder / JOB, [_json(job)])
        except OSError as error:
            raise RunError(f"the folder {folder} cannot be written: {error.strerror}") from None
        return run

    @classmethod
    def resume(cls, folder: Path, job: dict[str, Any] | None = None, *, anew: bool = False) -> Self:
        """Continue a run that is not done; rows without a journal line are cut off.

        ``job`` replaces the one in the folder. ``anew`` renames the finished rows and journal, and
        starts with empty ones. Raises RunExists if the run is done.
        """
        if not RunFolder(folder).has_begun:
            raise RunError(f"{folder} holds no run to resume")
        try:
            _make_way(folder)
            run = cls(folder)
            if RunFolder(folder).is_done:
                run.close()
                remove_second_copy(folder)
                raise RunExists(f"the run in {folder} has already ended")
            run._set_damaged_aside()
            run._go_on_counting(folder)
            run._take_back_rows(folder)
            if anew:
                run._set_finished_aside()
            if job is not None:
                run._replace_job(job, "other" if anew else "damaged")
            (folder / SUMMARY).unlink(missing_ok=True)
            run._replay()
        except OSError as error:
            raise RunError(f"the folder {folder} cannot be written: {error.strerror}") from None
        return run

    def finished_pages(self) -> Iterator[PageRecord]:
        """The records of the finished pages, in order, read from the journal."""
        if self._journal.committed:
            for record, _ in read_journal(self._journal.path):
                yield record

    def products(self) -> Iterator[Product]:
        """The rows kept so far, in order, read from the file."""
        for product, _ in _products(self._rows.path):
            yield product

    def claim(self, products: Iterable[Product], limit: int | None = None) -> list[Product]:
        """Reserve the products that are not rows yet, up to ``limit`` rows in all; return them."""
        claimed: list[Product] = []
        for product in products:
            if limit is not None and len(self.asins) >= limit:
                break
            if product.asin not in self.asins:
                self.asins.add(product.asin)
                claimed.append(product)
        return claimed

    def keep(self, products: Iterable[Product]) -> None:
        """Write rows. After this, killing the process cannot lose them."""
        given = list(products)
        self._rows.append(b"".join(row(product) for product in given))
        for product in given:
            self._count(product.price_cents)

    def keep_advertisements(self, advertisements: Iterable[Product]) -> None:
        """Store products seen as advertisements; at the end some have no organic result."""
        self._sponsored.append(b"".join(row(product) for product in advertisements))

    def advertisements(self) -> Iterator[Product]:
        """The stored advertisements whose products are not rows, each product once."""
        seen = set(self.asins)
        for product, _ in _products(self._sponsored.path):
            if product.asin not in seen:
                seen.add(product.asin)
                yield product

    def finish_page(self, record: PageRecord) -> None:
        """Write the page's journal line after its rows, and commit both.

        Killing the process cannot lose them. A power cut may lose the pages of the last second; a
        resumed run requests them again.
        """
        self._journal.append(record.to_json())
        if time.monotonic() - self._synced_at >= _SYNC_EVERY:
            self._sync()
        self._commit()

    @contextmanager
    def whole_page(self) -> Iterator[None]:
        """Roll back to the last finished page if a write in this block fails.

        Raises StorageFailed, as every write here does.
        """
        try:
            yield
        except StorageFailed:
            self._roll_back()
            raise

    @property
    def offset(self) -> int:
        """Bytes of ``products.part`` written so far."""
        return self._rows.size

    def report(self, progress: Progress) -> None:
        """Write the progress."""
        with storing(PROGRESS):
            write_whole(self.folder / PROGRESS, [_json(progress.shown())])

    def draw(self, axis: PriceAxis) -> None:
        """Write how the category was divided by price."""
        with storing(AXIS):
            write_whole(self.folder / AXIS, [_json(axis.model_dump())])

    def note(self, event: Event) -> None:
        """Write what has happened; a failure is only logged."""
        self._events.add(event)

    def finish(self, summary: Summary) -> None:
        """Finish a complete run: write the result file, then the summary.

        Only then is ``products.part`` removed, so that a kill at any line loses no row.
        """
        self._sync()
        with storing(ROWS), self._rows.path.open("rb") as rows:
            write_whole(self.folder / ROWS, json_array(rows))
        self._write_summary(summary)
        remove_second_copy(self.folder)

    def end(self, summary: Summary) -> None:
        """Write the summary of a failed run; its rows stay in ``products.part``."""
        with suppress(StorageFailed):
            self._sync()
        self._write_summary(summary)

    def close(self) -> None:
        """Close the files and release the lock."""
        for file in (self._rows, self._sponsored, self._journal, self._events, self._lock):
            file.close()

    def _write_summary(self, summary: Summary) -> None:
        with storing(SUMMARY):
            write_whole(self.folder / SUMMARY, [_json(summary.model_dump())])

    def _set_damaged_aside(self) -> None:
        """Rename damaged files that this attempt will write again."""
        for name, record in ((SUMMARY, Summary), (PROGRESS, Progress)):
            if is_damaged(self.folder / name, record):
                set_aside(self.folder / name)
        if os.path.lexists(self.folder / ROWS) and not RunFolder(self.folder).has_whole_result():
            set_aside(self.folder / ROWS)

    def _replace_job(self, job: dict[str, Any], why: str) -> None:
        if os.path.lexists(self.folder / JOB):
            set_aside(self.folder / JOB, why)
        write_whole(self.folder / JOB, [_json(job)])

    def _set_finished_aside(self) -> None:
        for file in (self._rows, self._sponsored, self._journal):
            set_aside(file.path, "other")
            file.reopen()

    def _sync(self) -> None:
        """Sync the rows, then the journal, so that no journal line is on disk without its rows."""
        self._rows.sync()
        self._journal.sync()
        self._synced_at = time.monotonic()

    def _copy(self, earlier: Path) -> None:
        """Copy the rows and the journal of another run."""
        self._take_back_rows(earlier)
        rows = () if self._rows.size else (self._rows,)
        # The journal last, because without rows it proves nothing.
        for file in (*rows, self._sponsored, self._journal):
            source = earlier / file.path.name
            try:
                file.copy(source)
            except NotReadable as error:
                warn_once(source, str(error))
        if run_path(earlier) == run_path(self.folder):
            self._events.begin_with(earlier / EVENTS)
            self._go_on_counting(earlier)
        self._replay()

    def _go_on_counting(self, folder: Path) -> None:
        """Count on from what an earlier attempt has last reported."""
        progress = RunFolder(folder).progress
        self.earlier_traffic = progress.traffic if progress else Traffic()

    def _take_back_rows(self, folder: Path) -> None:
        """Take the rows from a whole result file, if there is no file of lines any more."""
        if self._rows.size or not RunFolder(folder).has_whole_result():
            return
        with (folder / ROWS).open("rb") as file:
            for line in rows_in(file):
                self._rows.append(line)

    def _replay(self) -> None:
        """Truncate the files to the last page whose rows are all there, and count the rows."""
        valid, journal_end, rows_end = self._take_rows(), 0, 0
        for record, line_end in read_journal(self._journal.path):
            if not rows_end <= record.offset <= valid or not self._rows.ends_line(record.offset):
                break
            journal_end, rows_end = line_end, record.offset
        self._journal.truncate(journal_end)
        self._rows.truncate(rows_end)
        self._sponsored.truncate(whole_rows(self._sponsored.path))
        if rows_end < valid:
            self._take_rows()
        self._commit()

    def _take_rows(self) -> int:
        """Count the rows of the file before the first line that is not one; return their bytes."""
        self.asins.clear()
        self.kept = self.kept_without_price = size = 0
        del self.prices[:]
        for product, length in _products(self._rows.path):
            size += length
            self.asins.add(product.asin)
            self._count(product.price_cents)
        return size

    def _roll_back(self) -> None:
        self._journal.roll_back()
        self._rows.roll_back()
        self.kept, self.kept_without_price = self._committed
        del self.prices[self.kept - self.kept_without_price :]

    def _commit(self) -> None:
        self._journal.commit()
        self._rows.commit()
        self._committed = self.kept, self.kept_without_price

    def _count(self, price_cents: int | None) -> None:
        self.kept += 1
        if price_cents is None:
            self.kept_without_price += 1
        else:
            self.prices.append(price_cents)


def remove_second_copy(folder: Path) -> None:
    """Remove ``products.part`` of a run that is done: the result file has the same rows."""
    if RunFolder(folder).is_done:
        (folder / PARTIAL_ROWS).unlink(missing_ok=True)


def publish(folder: Path) -> None:
    """Show the finished files of an attempt in the folder of its run; a kill leaves all or none.

    They are links, so that no byte is kept twice. Raises OSError.
    """
    run = run_path(folder)
    if run == folder:
        return
    # The result file last: it says that all are there.
    for name in (PLAN, ROWS):
        if (folder / name).exists() and not _is_same(folder / name, run / name):
            link(folder / name, run / name)


def remove_rows(folder: Path) -> None:
    """Remove the large files of an attempt that another one has followed. Raises OSError."""
    for name in (PARTIAL_ROWS, SPONSORED, ROWS):
        (folder / name).unlink(missing_ok=True)


def write_failed_start(folder: Path, summary: Summary) -> None:
    """Record why a run could not start or resume, unless it already has a final summary.

    Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if is_damaged(folder / SUMMARY, Summary):
        set_aside(folder / SUMMARY)
    earlier = RunFolder(folder).summary
    if earlier is None or earlier.failed_reason == Interrupted.reason:
        write_whole(folder / SUMMARY, [_json(summary.model_dump())])


def _is_same(one: Path, other: Path) -> bool:
    return other.exists() and one.samefile(other)


def _products(path: Path) -> Iterator[tuple[Product, int]]:
    """The products of a file of rows and the bytes of their lines, before the first line that is
    not a row."""
    with path.open("rb") as file:
        for line in lines_of(file):
            product = read_row(line)
            if product is None:
                return
            yield product, len(line)


def _make_way(folder: Path) -> None:
    """Rename everything that has a file's name but cannot be written as a file."""
    for name in (LOCK, PARTIAL_ROWS, SPONSORED, JOURNAL):
        if is_in_the_way(folder / name):
            set_aside(folder / name)


def _take_lock(folder: Path) -> IO[bytes]:
    # Opened without truncating, because it holds the PID of the one who has the lock.
    lock = (folder / LOCK).open("ab", buffering=0)
    for _ in range(_LOCK_TRIES):
        if try_lock(lock, fcntl.LOCK_EX):
            lock.truncate(0)
            lock.write(str(os.getpid()).encode())
            return lock
        # A reader takes the lock briefly to see whether a spider is alive.
        time.sleep(0.05)
    lock.close()
    raise RunLocked(f"another spider is writing {folder}")


def _json(values: dict[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False, indent=1).encode() + b"\n"
