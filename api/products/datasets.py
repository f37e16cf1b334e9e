"""A run's products as a Parquet file: ``products.parquet`` in its folder once it has ended."""

from collections.abc import Iterator
from contextlib import contextmanager

from api.products.about import facts_of
from api.products.downloads import Downloads, Table, Wanted
from api.products.rows import Rows
from api.runners.attempts import folder_of, run_folder
from api.runners.removal import why_gone
from api.store.records import Runner
from category_crawler.files.record_file import NotReadable
from category_crawler.tables.maker import TableKind

DATASET = "products.parquet"


class NoRows(Exception):
    """Raised if a run has no rows; the text says why."""

    def __init__(self, runner: Runner) -> None:
        self.is_empty = runner.files_removed_at is None and not (
            runner.has_ended and runner.asin_count
        )
        """Whether it has not kept any, as opposed to rows that are gone."""
        super().__init__(f"Runner {runner.id} has no rows" if self.is_empty else why_gone(runner))


def wanted_table(runner: Runner, kind: TableKind) -> Wanted:
    """Which table is wanted of a runner; the Parquet table of one that has ended stays."""
    is_growing = not runner.has_ended or runner.is_stopping
    stays = kind is TableKind.PARQUET and not is_growing
    return Wanted(
        runner=runner.id,
        user=runner.collection.user,
        kind=kind,
        facts=facts_of(runner),
        is_growing=is_growing,
        stays_at=run_folder(runner) / DATASET if stays else None,
    )


@contextmanager
def dataset(downloads: Downloads, runner: Runner) -> Iterator[Table]:
    """A runner's Parquet file, which is there as long as the block runs.

    Raises NoRows, or NotReady if the file is still being made.
    """
    with _rows_of(runner) as rows:
        table = downloads.table(wanted_table(runner, TableKind.PARQUET), rows)
    with table.file:
        yield table


def _rows_of(runner: Runner) -> Rows:
    if runner.files_removed_at is not None:
        raise NoRows(runner)
    try:
        return Rows(folder_of(runner), "jsonl")
    except (FileNotFoundError, NotADirectoryError, NotReadable):
        raise NoRows(runner) from None
