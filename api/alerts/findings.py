"""What rules find: products of a run's list compared with the one before, and how the run ended."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from typing import Any, Self

from pydantic import BaseModel

from api.alerts.matches import Found, matches
from api.alerts.rules import OfProducts, OfRuns, ProductRule, Rule, RunFailed
from api.products.comparison import Comparison, NothingToCompare
from api.products.datasets import NoRows
from api.products.downloads import Downloads
from api.store import Store
from api.store.records import Runner
from api.store.stage import Stage
from category_crawler.domain_config import DOMAINS

MOST_ROWS = 20
"""Rows that are told of a run; the rules share them."""


class Match(BaseModel):
    """What one rule has found."""

    rule: Rule
    count: int = 0
    """Products that match; 1 for a run that does."""
    items: list[dict[str, Any]] = []
    """The first of them, as rows of the table of changes."""
    not_tried: str | None = None
    """Why the rule could not be tried, in a sentence."""


class Findings(BaseModel):
    """What the rules of a collection have found."""

    from_runner: int | None = None
    """The earlier run, if lists were compared."""
    to_runner: int | None = None
    """The later run, if lists were compared."""
    why: str | None = None
    """Why products that were not seen count as gone, or do not."""
    matches: list[Match] = []
    """One for each rule, in their order."""

    @property
    def is_told(self) -> bool:
        """Whether anything was found."""
        return any(match.count for match in self.matches)


@dataclass(frozen=True, slots=True)
class Tried:
    """The runs that rules are tried against."""

    collection: int
    ended: Runner | None
    """How it ended is looked at."""
    done: Runner | None
    """Its list is compared with that of the last run done before it."""
    no_list: str
    """Why no list is compared if ``done`` is None, in a sentence."""

    @classmethod
    def of(cls, runner: Runner) -> Self:
        """A run that has ended; the list of a failed one is not compared."""
        done = runner if runner.stage is Stage.DONE else None
        why = f"Runner {runner.id} is {runner.stage}: its list is not compared"
        return cls(runner.collection.id, runner, done, why)

    @classmethod
    def last(cls, store: Store, collection: int) -> Self:
        """The last run of a collection that has ended, and the last that is done."""
        done = next(iter(store.runners.done(collection, 1)), None)
        why = f"Collection {collection} has no run that is done"
        return cls(collection, store.runners.last_ended(collection), done, why)


@dataclass(frozen=True, slots=True)
class _Compared:
    """What was found among products."""

    found: Sequence[Found] = ()
    before: int | None = None
    why: str | None = None
    not_tried: str | None = None


def find(store: Store, downloads: Downloads, rules: Sequence[Rule], tried: Tried) -> Findings:
    """Try rules against runs. Raises NotReady while a run's dataset is being made, and OSError."""
    of_products = [rule for rule in rules if isinstance(rule, ProductRule)]
    compared = _compare(store, downloads, of_products, tried)
    products = iter(_product_matches(of_products, compared))
    return Findings(
        from_runner=compared.before,
        to_runner=tried.done.id if tried.done and compared.before else None,
        why=compared.why,
        matches=[
            next(products) if isinstance(rule, ProductRule) else _of_run(store, rule, tried)
            for rule in rules
        ],
    )


def _compare(
    store: Store, downloads: Downloads, rules: Sequence[OfProducts], tried: Tried
) -> _Compared:
    done = tried.done
    if not rules:
        return _Compared()
    if done is None:
        return _Compared(not_tried=tried.no_list)
    shop = DOMAINS.get(done.collection.request.fields.get("domain", ""))
    currency = shop.currency if shop else None
    try:
        comparison = Comparison.of(store, done, None, done.id)
        with comparison.datasets(downloads) as (before, after):
            paths, bearing = (before.path, after.path), comparison.bearing
            found = matches(paths, bearing, rules, currency, MOST_ROWS)
    except (NothingToCompare, NoRows) as error:
        return _Compared(not_tried=str(error))
    return _Compared(found, comparison.before.id, bearing.why)


def _product_matches(rules: Sequence[OfProducts], compared: _Compared) -> Iterator[Match]:
    if compared.not_tried is not None:
        yield from (Match(rule=rule, not_tried=compared.not_tried) for rule in rules)
        return
    rows = _shared([items for _, items in compared.found])
    for rule, (count, _), items in zip(rules, compared.found, rows, strict=True):
        yield Match(rule=rule, count=count, items=items)


def _shared(lists: Sequence[list[dict[str, Any]]]) -> list[list[dict[str, Any]]]:
    """The first rows of all lists, MOST_ROWS in all: the lists give one each in turn."""
    in_turn = (
        (number, row)
        for rank in zip_longest(*lists)
        for number, row in enumerate(rank)
        if row is not None
    )
    shared: list[list[dict[str, Any]]] = [[] for _ in lists]
    for number, row in islice(in_turn, MOST_ROWS):
        shared[number].append(row)
    return shared


def _of_run(store: Store, rule: OfRuns, tried: Tried) -> Match:
    """What a rule says of how the run ended."""
    runner = tried.ended
    if runner is None:
        return Match(rule=rule, not_tried=f"Collection {tried.collection} has no run that ended")
    if isinstance(rule, RunFailed):
        return Match(rule=rule, count=int(runner.stage is Stage.FAILED))
    before = store.runners.last_done_before(runner)
    if before is None:
        said = f"Collection {tried.collection} has no run that is done before runner {runner.id}"
        return Match(rule=rule, not_tried=said)
    return Match(rule=rule, count=int(_is_complete(before) and not _is_complete(runner)))


def _is_complete(runner: Runner) -> bool:
    return runner.stage is Stage.DONE and (runner.coverage or {}).get("complete") is True
