"""One run on disk: its folder, lock, rows, journal, progress and end.

========================  ======================================================================
``job.json``              what was asked
``run.lock``              held while a spider writes the run
``products.part``         a row per line, flushed as products come
``sponsored.part``        products so far seen only as advertisements, where they were asked for
``journal.jsonl``         a line per finished page
``progress.json``         where the run stands, replaced whole
``summary.json``          how it ended, written once
``unreadable.html.gz``    the page that no reader understood, where the run ended for one
``category_asins.json``   the rows as a JSON array, put in place whole at the end of a good run
``….damaged``             what lay in the place of one of these and did not fit, kept for a person
========================  ======================================================================

Only the crawler writes here; whoever wants to know how a run stands reads.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Self

from category_crawler.errors import Interrupted, RunError, RunExists, RunLocked, StorageFailed
from category_crawler.files.atomic_write import write_whole
from category_crawler.files.record_file import (
    NotReadable,
    is_damaged,
    is_in_the_way,
    set_aside,
    tell_of,
)
from category_crawler.items import Product
from category_crawler.run.append_file import GrowingFile, storing
from category_crawler.run.journal import PageRecord, read_journal
from category_crawler.run.reader import (
    JOB,
    JOURNAL,
    LOCK,
    PARTIAL_ROWS,
    PROGRESS,
    ROWS,
    SPONSORED,
    SUMMARY,
    RunFolder,
    try_lock,
)
from category_crawler.run.records import Progress, Summary
from category_crawler.run.rows import json_array, lines_of, read_row, row, whole_rows

_LOCK_TRIES = 20
_SYNC_EVERY = 1.0
"""Seconds between two syncs while pages come quickly: each one stops the whole spider."""


class Run:
    """The one writer of a run's folder.

    Open one with :meth:`create` or :meth:`resume`; both take the lock and raise RunLocked where
    another process has it, RunError where the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asins: set[str] = set()
        self.kept = 0
        self.kept_without_price = 0
        self._lock = _take_lock(folder)
        self._rows = GrowingFile(folder / PARTIAL_ROWS)
        self._sponsored = GrowingFile(folder / SPONSORED)
        self._journal = GrowingFile(folder / JOURNAL)
        self._certain = (0, 0)
        """``kept`` and ``kept_without_price`` when the latest page was finished."""
        self._synced_at = -_SYNC_EVERY
        """By the monotonic clock."""

    @classmethod
    def create(cls, folder: Path, job: dict[str, Any], earlier: Path | None = None) -> Self:
        """Begin a run in a folder that holds none, or with what an ``earlier`` one had finished.

        Raises RunExists where one lies already.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            run = cls(folder)
            if (folder / JOB).exists() or (earlier is None and run._journal.size):
                run.close()
                raise RunExists(f"{folder} already holds a run: choose another name, or resume it")
            if earlier is not None:
                run._copy(earlier)
            write_whole(folder / JOB, [_json(job)])
        except OSError as error:
            raise RunError(f"the folder {folder} cannot be written: {error.strerror}") from None
        return run

    @classmethod
    def resume(cls, folder: Path, job: dict[str, Any] | None = None, *, anew: bool = False) -> Self:
        """Go on with a run that has not ended well: what its journal is not certain of is cut off.

        ``job`` takes the place of what the folder says was asked; with ``anew`` what was finished
        is kept aside, and nothing of it counts. Raises RunExists where the run has ended well.
        """
        if not RunFolder(folder).has_begun:
            raise RunError(f"{folder} holds no run to resume")
        try:
            _make_way(folder)
            run = cls(folder)
            if RunFolder(folder).is_done:
                run.close()
                raise RunExists(f"the run in {folder} has already ended")
            run._set_damaged_aside()
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
        """The pages finished so far, in their order, read from the journal."""
        if self._journal.certain:
            for record, _ in read_journal(self._journal.path):
                yield record

    def claim(self, products: Iterable[Product], limit: int | None = None) -> list[Product]:
        """Those products that are not rows yet, up to ``limit`` rows in all; now they are taken."""
        claimed: list[Product] = []
        for product in products:
            if limit is not None and len(self.asins) >= limit:
                break
            if product.asin not in self.asins:
                self.asins.add(product.asin)
                claimed.append(product)
        return claimed

    def keep(self, products: Iterable[Product]) -> None:
        """Write rows; once this returns, a killed process no longer loses them."""
        given = list(products)
        self._rows.append(b"".join(row(product) for product in given))
        for product in given:
            self._count(product.price_cents)

    def hold(self, advertisements: Iterable[Product]) -> None:
        """Remember products seen as advertisements until it is known which are only that."""
        self._sponsored.append(b"".join(row(product) for product in advertisements))

    def held(self) -> Iterator[Product]:
        """The remembered advertisements whose products are not rows, each once."""
        seen = set(self.asins)
        for product in _products(self._sponsored.path):
            if product.asin not in seen:
                seen.add(product.asin)
                yield product

    def finish_page(self, record: PageRecord) -> None:
        """Write the page's journal line, behind its rows; a killed process no longer loses it.

        A power cut may lose the pages of the last second; who resumes asks for them again.
        """
        self._journal.append(record.to_json())
        if time.monotonic() - self._synced_at >= _SYNC_EVERY:
            self._sync()
        self._note_certain()

    @contextmanager
    def whole_page(self) -> Iterator[None]:
        """Where what is written inside fails, all of it since the latest finished page is cut off.

        Raises StorageFailed, as all that write here do.
        """
        try:
            yield
        except StorageFailed:
            self._fall_back()
            raise

    @property
    def offset(self) -> int:
        """Bytes of rows written so far."""
        return self._rows.size

    def report(self, progress: Progress) -> None:
        """Replace the progress."""
        with storing(PROGRESS):
            write_whole(self.folder / PROGRESS, [_json(progress.shown())])

    def finish(self, summary: Summary) -> None:
        """End well: the rows become the result file, then the summary says so."""
        self._sync()
        with storing(ROWS), self._rows.path.open("rb") as rows:
            write_whole(self.folder / ROWS, json_array(rows))
        self._say_end(summary)

    def end(self, summary: Summary) -> None:
        """Say how the run ended; rows kept so far stay in ``products.part``."""
        with suppress(StorageFailed):
            self._sync()
        self._say_end(summary)

    def close(self) -> None:
        """Let go of files and lock."""
        for file in (self._rows, self._sponsored, self._journal, self._lock):
            file.close()

    def _say_end(self, summary: Summary) -> None:
        with storing(SUMMARY):
            write_whole(self.folder / SUMMARY, [_json(summary.model_dump())])

    def _set_damaged_aside(self) -> None:
        """Keep for the operator what this attempt will write anew."""
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
        """Have on disk what is written: rows first, for the journal speaks of them."""
        self._rows.sync()
        self._journal.sync()
        self._synced_at = time.monotonic()

    def _copy(self, earlier: Path) -> None:
        """Take over the rows and the journal of a run that has ended."""
        for file in (self._rows, self._sponsored, self._journal):
            source = earlier / file.path.name
            try:
                file.copy(source)
            except NotReadable as error:
                tell_of(source, str(error))
        self._replay()

    def _replay(self) -> None:
        whole, end, certain = whole_rows(self._rows.path), 0, 0
        for record, behind in read_journal(self._journal.path):
            if not certain <= record.offset <= whole or not self._rows.ends_line(record.offset):
                break
            end, certain = behind, record.offset
        self._journal.cut(end)
        self._rows.cut(certain)
        self._sponsored.cut(whole_rows(self._sponsored.path))
        for product in _products(self._rows.path):
            self.asins.add(product.asin)
            self._count(product.price_cents)
        self._note_certain()

    def _fall_back(self) -> None:
        self._journal.fall_back()
        self._rows.fall_back()
        self.kept, self.kept_without_price = self._certain

    def _note_certain(self) -> None:
        self._journal.note_certain()
        self._rows.note_certain()
        self._certain = self.kept, self.kept_without_price

    def _count(self, price_cents: int | None) -> None:
        self.kept += 1
        if price_cents is None:
            self.kept_without_price += 1


def refuse(folder: Path, summary: Summary) -> None:
    """Record why a run could not begin or go on; a run that has ended keeps its own summary.

    Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if is_damaged(folder / SUMMARY, Summary):
        set_aside(folder / SUMMARY)
    earlier = RunFolder(folder).summary
    if earlier is None or earlier.failed_reason == Interrupted.reason:
        write_whole(folder / SUMMARY, [_json(summary.model_dump())])


def _products(path: Path) -> Iterator[Product]:
    """The products of a file of rows, up to the first line that is none."""
    with path.open("rb") as file:
        for line in lines_of(file):
            product = read_row(line)
            if product is None:
                return
            yield product


def _make_way(folder: Path) -> None:
    """Move aside what no file can be written over."""
    for name in (LOCK, PARTIAL_ROWS, SPONSORED, JOURNAL):
        if is_in_the_way(folder / name):
            set_aside(folder / name)


def _take_lock(folder: Path) -> IO[bytes]:
    lock = (folder / LOCK).open("wb")
    for _ in range(_LOCK_TRIES):
        if try_lock(lock, fcntl.LOCK_EX):
            return lock
        # A reader takes the lock briefly to see whether a spider is alive.
        time.sleep(0.05)
    lock.close()
    raise RunLocked(f"another spider is writing {folder}")


def _json(values: dict[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False, indent=1).encode() + b"\n"
