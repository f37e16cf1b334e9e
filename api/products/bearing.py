"""Whether two runs' coverage bears saying that a product is gone."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from api.runners.attempts import folder_of
from api.store.records import Runner
from category_crawler.listing_url import Bounds
from category_crawler.planning.whole_slices import whole_price_slices
from category_crawler.run.journal import read_journal


@dataclass(frozen=True, slots=True)
class Bearing:
    """Of which products it is known that they would have been seen."""

    is_whole: bool
    """Whether both lists are complete."""
    prices: tuple[Bounds, ...] = ()
    """Price ranges, in cents, that both runs walked whole; (None, None) is everything."""
    why: str = ""
    """A sentence."""


def bearing_of(before: Runner, after: Runner) -> Bearing:
    """What the coverage of two runs of a collection bears."""
    doubts = [_doubt(runner) for runner in (before, after) if not _is_complete(runner)]
    if not doubts:
        return Bearing(True, why="Both lists are complete: what the later one misses is gone")
    prices = tuple(_common(_whole_prices(before), _whole_prices(after)))
    known = (
        "a product counts as gone only where both runs walked its price slice whole"
        if prices
        else "no product counts as gone"
    )
    return Bearing(False, prices, f"{'; '.join(doubts)}. So {known}; the others are not_seen")


def _is_complete(runner: Runner) -> bool:
    return (runner.coverage or {}).get("complete") is True


def _doubt(runner: Runner) -> str:
    coverage = runner.coverage or {}
    is_known = coverage.get("complete") is not None
    said = "is not complete" if is_known or not coverage else "is not known to be complete"
    why = coverage.get("why") or runner.failed_message
    return f"The list of runner {runner.id} {said}" + (f" ({why})" if why else "")


def _whole_prices(runner: Runner) -> tuple[Bounds, ...]:
    journal = folder_of(runner).journal
    try:
        status = journal.stat()
    except OSError:
        return ()
    return _read(journal, (status.st_mtime_ns, status.st_size))


@lru_cache(maxsize=64)  # a journal of 100,000 products takes some tenths of a second
def _read(journal: Path, _version: tuple[int, int]) -> tuple[Bounds, ...]:
    return tuple(whole_price_slices(record for record, _ in read_journal(journal)))


def _common(some: tuple[Bounds, ...], others: tuple[Bounds, ...]) -> list[Bounds]:
    """The ranges that lie within ranges of both."""
    found = [(_highest(a[0], b[0]), _lowest(a[1], b[1])) for a in some for b in others]
    return [(low, high) for low, high in found if low is None or high is None or low <= high]


def _highest(one: int | None, other: int | None) -> int | None:
    return max((end for end in (one, other) if end is not None), default=None)


def _lowest(one: int | None, other: int | None) -> int | None:
    return min((end for end in (one, other) if end is not None), default=None)
