"""An installation for one trial, whose programs tell the outcome what they met."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from benchmarks.chaos.trial import Outcome
from benchmarks.installation import Installation, installation

_HURRIED: Mapping[str, str] = {
    "CATEGORY_CRAWLER_LOST_AFTER": "1",
    "CATEGORY_CRAWLER_WATCH_INTERVAL": "0.2",
    "CATEGORY_CRAWLER_CANCEL_GRACE": "5",
    "CATEGORY_CRAWLER_MIN_FREE_BYTES": "0",
}


@contextmanager
def tried(
    outcome: Outcome,
    *,
    pages: int,
    settings: Mapping[str, str] = _HURRIED,
    may_refuse: bool = False,
    **others: Any,
) -> Iterator[Installation]:
    """One with short pauses; see :func:`benchmarks.installation.installation` for the others.

    5xx answers of the API are failures unless it ``may_refuse``; tracebacks in the programs' logs
    are counted.
    """
    given = {"pages": pages, "settings": {**_HURRIED, **settings}, "keep": outcome.keep} | others
    with installation(**given) as made:
        try:
            yield made
        finally:
            made.end()
            _report(outcome, made, may_refuse=may_refuse)


def _report(outcome: Outcome, made: Installation, *, may_refuse: bool) -> None:
    if made.client.server_errors and not may_refuse:
        outcome.fail(f"{made.client.server_errors} answers of the API were 5xx")
    for program in made.programs.values():
        if program.tracebacks:
            outcome.count(f"tracebacks in {program.name}'s log", program.tracebacks)
