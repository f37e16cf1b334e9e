"""What a product's card said when a run saw it last."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from api.products.datasets import NoRows, dataset
from api.products.downloads import Downloads, NotReady
from api.products.duck import rows_of
from api.store.records import Runner


@dataclass(frozen=True, slots=True)
class Sighting:
    """A row of a run."""

    runner: Runner
    row: dict[str, Any]


def last_sighting(downloads: Downloads, runners: Iterable[Runner], asin: str) -> Sighting | None:
    """The product's row in the first of some runs that has one; runs without their files do not."""
    for runner in runners:
        try:
            with dataset(downloads, runner) as table:
                query = "SELECT * FROM read_parquet(?) WHERE asin = ? LIMIT 1"
                rows = rows_of(query, [str(table.path), asin])
        except (NoRows, NotReady):
            continue
        if rows:
            return Sighting(runner, rows[0])
    return None
