"""How products' prices, stock and ranks have changed over the runs of a collection.

One Parquet file holds a collection's month, sorted by product and time:
``results/<user>/<collection>/history/2026-11.parquet``. A point is written where something changed;
each month begins with a point of every product, so that no other month is read to add to it. The
files stay when the runs' own files are removed.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from api.products.duck import execute, rows_of
from api.store.records import Runner
from category_crawler.files.atomic_write import replacing_path
from category_crawler.files.home import results_folder
from category_crawler.files.record_file import set_aside
from category_crawler.tables.parquet_table import sql_text
from category_crawler.times import utc_text

logger = logging.getLogger(__name__)

_VALUES = ("price_cents", "list_price_cents", "in_stock", "position", "currency")
_NO_POINTS = (
    "SELECT NULL::VARCHAR AS asin, NULL::TIMESTAMP AS seen_at, NULL::BIGINT AS runner, "
    "NULL::BIGINT AS price_cents, NULL::BIGINT AS list_price_cents, NULL::BOOLEAN AS in_stock, "
    "NULL::BIGINT AS position, NULL::VARCHAR AS currency WHERE false"
)


@dataclass(frozen=True, slots=True)
class Point:
    """What a run has seen of a product, where it differs from the point before."""

    at: str
    """The end of the run; UTC, ISO 8601 with Z."""
    runner_id: int
    price_cents: int | None
    list_price_cents: int | None
    in_stock: bool | None
    position: int | None
    """Rank in the collection's listing."""
    currency: str | None

    @property
    def values(self) -> tuple[Any, ...]:
        """What makes a further point if it changes."""
        return tuple(getattr(self, name) for name in _VALUES)


def history_folder(user: int, collection: int) -> Path:
    """Where the months of a collection are."""
    return results_folder() / str(user) / str(collection) / "history"


def add_run(runner: Runner, dataset: Path) -> None:
    """Add what a run that has ended has seen; a second time it changes nothing.

    Raises OSError, or :class:`duckdb.Error` if a file is damaged.
    """
    assert runner.finished_at is not None
    folder = history_folder(runner.collection.user, runner.collection.id)
    folder.mkdir(parents=True, exist_ok=True)
    month = folder / f"{runner.finished_at[:7]}.parquet"
    seen_at = runner.finished_at.removesuffix("Z")
    with FileLock(folder / "lock"):
        if _has_run(month, runner.id):
            return
        with replacing_path(month) as part:
            _write(month if month.exists() else None, dataset, runner.id, seen_at, part)


def _has_run(month: Path, runner: int) -> bool:
    """Whether a month has points of a run; a damaged file is renamed and kept."""
    import duckdb

    if not month.exists():
        return False
    query = "SELECT 1 FROM read_parquet(?) WHERE runner = ? LIMIT 1"
    try:
        return bool(rows_of(query, [str(month), runner]))
    except duckdb.InvalidInputException as error:
        logger.error("%s is damaged, its points are lost: %s", month, error)
        set_aside(month)
        return False


def _write(month: Path | None, dataset: Path, runner: int, seen_at: str, part: Path) -> None:
    """Write the month with the points that the run adds."""
    points, given = ("SELECT * FROM read_parquet(?)", [str(month)]) if month else (_NO_POINTS, [])
    columns = ", ".join(_VALUES)
    same = " AND ".join(f"last.{name} IS NOT DISTINCT FROM seen.{name}" for name in _VALUES)
    latest = ", ".join(f"arg_max_null({name}, seen_at) AS {name}" for name in _VALUES)
    sql = (
        f"WITH points AS ({points}), "
        f"seen AS (SELECT asin, {columns} FROM read_parquet(?)), "
        f"last AS (SELECT asin, {latest} FROM points WHERE seen_at < ?::TIMESTAMP GROUP BY asin) "
        f"SELECT asin, seen_at, runner, {columns} FROM points UNION ALL "
        f"SELECT seen.asin, ?::TIMESTAMP, ?::BIGINT, {', '.join(f'seen.{n}' for n in _VALUES)} "
        f"FROM seen LEFT JOIN last ON last.asin = seen.asin "
        f"WHERE last.asin IS NULL OR NOT ({same}) ORDER BY asin, seen_at"
    )
    execute(
        f"COPY ({sql}) TO {sql_text(str(part))} "
        "(FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION V2)",
        [*given, str(dataset), seen_at, seen_at, runner],
    )


def points_of(asin: str, folders: Mapping[int, Path]) -> dict[int, list[Point]]:
    """The points of a product by the number of the collection, oldest first.

    ``folders`` are those of the collections; one without points is left out.
    """
    months = {str(path): number for number, path in _months(folders)}
    if not months:
        return {}
    found = _found(asin, [*months])
    series: dict[int, list[Point]] = {}
    for row in found:
        _append(series.setdefault(months[row.pop("filename")], []), row)
    return series


def _found(asin: str, paths: list[str]) -> list[dict[str, Any]]:
    """The points of a product in some months, oldest first; a damaged month is left out."""
    import duckdb

    query = (
        f"SELECT filename, seen_at, runner, {', '.join(_VALUES)} "
        "FROM read_parquet(?, filename = true) WHERE asin = ? ORDER BY seen_at, runner"
    )
    try:
        return rows_of(query, [paths, asin])
    except duckdb.InvalidInputException as error:
        if len(paths) == 1:
            logger.error("%s is damaged and left out: %s", paths[0], error)
            return []
    found = [row for path in paths for row in _found(asin, [path])]
    return sorted(found, key=lambda row: (row["seen_at"], row["runner"]))


def _months(folders: Mapping[int, Path]) -> Iterator[tuple[int, Path]]:
    for number, folder in folders.items():
        for path in folder.glob("????-??.parquet"):
            yield number, path


def _append(points: list[Point], row: dict[str, Any]) -> None:
    """Add a point, unless nothing has changed since the one before."""
    at = utc_text(row.pop("seen_at").replace(tzinfo=UTC))
    point = Point(at=at, runner_id=row.pop("runner"), **row)
    if not points or points[-1].values != point.values:
        points.append(point)


def remove_months(folders: Iterable[Path], before: datetime) -> int:
    """Remove the months that ended before a moment; return how many."""
    removed = 0
    for folder in folders:
        for path in folder.glob("????-??.parquet"):
            year, month = map(int, path.stem.split("-"))
            end = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
            if end < before:
                path.unlink(missing_ok=True)
                removed += 1
    return removed
