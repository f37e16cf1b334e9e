"""Two runs of a collection, compared; the table of changes is made once and kept in the cache."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from api.products.about import facts_of
from api.products.bearing import Bearing, bearing_of
from api.products.datasets import dataset
from api.products.differences import write_changes
from api.products.downloads import Downloads, Table, Wanted
from api.products.forms import CHANGES_FORMS
from api.products.parquet_source import in_form
from api.runners.report import BASE_PATH
from api.store import Store
from api.store.records import Runner
from category_crawler.tables.maker import TableKind


class NothingToCompare(Exception):
    """Raised if two runs cannot be compared; the text says why."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """An earlier run and a later one, both ended."""

    before: Runner
    after: Runner

    @classmethod
    def of(
        cls, store: Store, newest: Runner, before: int | None, after: int | None
    ) -> "Comparison":
        """The runs with these numbers, of the collection of ``newest``.

        The default is the last run that is done, and the last before it. Raises NothingToCompare.
        """
        collection, user = newest.collection.id, newest.collection.user
        done = store.runners.done(collection)
        latest = _own(store, user, collection, after) if after else next(iter(done), None)
        if latest is None:
            raise NothingToCompare(f"Collection {collection} has no run that is done")
        older = next((one for one in done if one.id < latest.id), None)
        if before == latest.id and after is None:
            raise NothingToCompare(
                f"Runner {before} is the last that is done: name a later one as to_runner, or an "
                "earlier one as from_runner"
            )
        earlier = _own(store, user, collection, before) if before else older
        if earlier is None:
            raise NothingToCompare(
                f"Collection {collection} has no run that is done before runner {latest.id}: "
                "two are compared"
            )
        return cls(_ended(earlier), _ended(latest))._checked()

    def _checked(self) -> "Comparison":
        if self.before.id == self.after.id:
            raise NothingToCompare(f"Runner {self.before.id} cannot be compared with itself")
        return self

    @property
    def bearing(self) -> Bearing:
        """Of which products it is known that the later run would have seen them."""
        return bearing_of(self.before, self.after)

    @property
    def facts(self) -> dict[str, str]:
        """What the files of changes say of the two runs."""
        return facts_of(self.after) | {
            "compared_with_runner": str(self.before.id),
            "compared_with_finished_at": self.before.finished_at or "",
            "gone": self.bearing.why,
        }

    @contextmanager
    def table(self, downloads: Downloads) -> Iterator[Table]:
        """The table of changes as Parquet, which is there as long as the block runs.

        Raises as :func:`.dataset` does.
        """
        with self.datasets(downloads) as (before, after):
            version = f"{after.version}-since-{self.before.id}-{before.version}"
            write = partial(write_changes, before.path, after.path, self.bearing, self.facts)
            made = downloads.derived(f"{self.after.id}-{version}.changes.parquet", write)
        with made.file:
            yield Table(made.file, version, made.path)

    @contextmanager
    def datasets(self, downloads: Downloads) -> Iterator[tuple[Table, Table]]:
        """The two runs' Parquet files, which are there as long as the block runs.

        Raises as :func:`.dataset` does.
        """
        with dataset(downloads, self.before) as before, dataset(downloads, self.after) as after:
            yield before, after

    @contextmanager
    def file(self, downloads: Downloads, kind: TableKind) -> Iterator[Table]:
        """The table of changes as a kind of file. Raises as :func:`.dataset` does."""
        with self.table(downloads) as table:
            yield in_form(downloads, table, self._wanted(kind))

    def _wanted(self, kind: TableKind) -> Wanted:
        return Wanted(
            runner=self.after.id,
            user=self.after.collection.user,
            kind=kind,
            facts=self.facts,
            is_growing=False,
        )


def changes_links(base: str, collection: int, before: int, after: int) -> dict[str, str]:
    """Where the files of all changes between two runs are, by their forms."""
    path = f"{base}{BASE_PATH}/results/{collection}/{before}/{after}/changes"
    return {form: f"{path}.{form}" for form in CHANGES_FORMS}


def _own(store: Store, user: int, collection: int, number: int) -> Runner:
    runner = store.runners.own(user, collection, number)
    if runner is None:
        raise LookupError(f"There is no runner {number} in a collection {collection} of yours")
    return runner


def _ended(runner: Runner) -> Runner:
    if not runner.has_ended:
        raise NothingToCompare(
            f"Runner {runner.id} is {runner.stage}: it can be compared once it has ended"
        )
    return runner
