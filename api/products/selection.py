"""The products of a run that fit a query: a page of them, what they have in common, or a file."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path

from api.products.about import facts_of, file_name
from api.products.datasets import NoRows, dataset
from api.products.downloads import Downloads, Table, Wanted
from api.products.duck import execute
from api.products.overview import Overview, overview_of
from api.products.parquet_source import in_form
from api.products.queries import DISCOUNT, Condition, Found, ProductQuery, find, order_of, source_of
from api.runners.asked import asked_of
from api.store.records import Runner
from category_crawler.domain_config import DOMAINS, Marketplace
from category_crawler.tables.columns import COLUMNS
from category_crawler.tables.maker import TableKind

_COLUMNS = {name: name for name in COLUMNS} | {
    "discount_percent": f"CAST(round(100 * {DISCOUNT}) AS INTEGER)"
}
"""What a file may have, in SQL."""
_OPTIONS = {"parquet": "FORMAT parquet, COMPRESSION zstd", "json": "FORMAT json, ARRAY true"}


@dataclass(frozen=True, slots=True)
class Selection:
    """A query of a runner's products. Looking into them may raise NotReady, or NoRows."""

    runner: Runner
    query: ProductQuery

    def found(self, downloads: Downloads, *, facets: bool = False) -> Found:
        """One page of the products; of a run that has no rows yet, none."""
        try:
            with dataset(downloads, self.runner) as table:
                return find(table.path, self.query, self._shop, facets=facets)
        except NoRows as error:
            if error.is_empty:
                return Found(0)
            raise

    def overview(self, downloads: Downloads) -> Overview:
        """What all of them have in common; of a run that has no rows yet, nothing."""
        try:
            with dataset(downloads, self.runner) as table:
                return overview_of(self._source(table.path))
        except NoRows as error:
            if error.is_empty:
                return Overview()
            raise

    @contextmanager
    def file(
        self, downloads: Downloads, columns: Sequence[str], kind: TableKind | None
    ) -> Iterator[Table]:
        """All of them, in the query's order, with some columns; as a JSON array without a kind.

        The columns are those of a product, and ``discount_percent``.
        """
        with dataset(downloads, self.runner) as rows:
            ending = "json" if kind is None else "parquet"
            version = f"{rows.version}-{self._digest(columns)}"
            write = partial(_write, self._source(rows.path), columns, order_of(self.query), ending)
            made = downloads.derived(f"{self.runner.id}-{version}.selected.{ending}", write)
        if kind is None:
            yield Table(made.file, version, made.path)
            return
        with made.file:
            table = Table(made.file, version, made.path)
            yield in_form(downloads, table, self._wanted(kind))

    def file_name(self, ending: str) -> str:
        """The name of that file."""
        return f"{file_name(self.runner, ending).removesuffix(f'.{ending}')}_selected.{ending}"

    @property
    def _shop(self) -> Marketplace | None:
        return DOMAINS.get(asked_of(self.runner).domain)

    def _source(self, path: Path) -> Condition:
        return source_of(path, self.query, self._shop)

    def _digest(self, columns: Sequence[str]) -> str:
        """Tells it from other queries, whatever page they are at, and from other columns."""
        whole = replace(self.query, limit=0, skip=0)
        return sha256(repr((whole, tuple(columns))).encode()).hexdigest()[:16]

    def _wanted(self, kind: TableKind) -> Wanted:
        return Wanted(
            runner=self.runner.id,
            user=self.runner.collection.user,
            kind=kind,
            facts=facts_of(self.runner) | {"selected": self._in_words},
            is_growing=False,
        )

    @property
    def _in_words(self) -> str:
        asked = {
            name: value for name, value in asdict(self.query).items() if value not in (None, ())
        }
        return "; ".join(
            f"{name} {value}" for name, value in asked.items() if name not in ("limit", "skip")
        )


def _write(source: Condition, columns: Sequence[str], order: str, ending: str, path: Path) -> None:
    """Write a source's products into a file."""
    chosen = ", ".join(f"{_COLUMNS[name]} AS {name}" for name in columns)
    select = f"SELECT {chosen} {source.sql} ORDER BY {order}"
    quoted = str(path).replace("'", "''")
    execute(f"COPY ({select}) TO '{quoted}' ({_OPTIONS[ending]})", source.parameters)
