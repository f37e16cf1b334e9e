"""An installation for one trial, whose programs tell the outcome what they met."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.chaos.trial import Outcome
from benchmarks.installation import Installation, installation

_HURRIED = {
    "CATEGORY_CRAWLER_LOST_AFTER": "1",
    "CATEGORY_CRAWLER_WATCH_INTERVAL": "0.2",
    "CATEGORY_CRAWLER_CANCEL_GRACE": "5",
    "CATEGORY_CRAWLER_MIN_FREE_BYTES": "0",
}


@contextmanager
def tried(outcome: Outcome, *, pages: int, **others: Any) -> Iterator[Installation]:
    """One with short pauses; see :func:`benchmarks.installation.installation` for the others.

    5xx answers of the API are failures, tracebacks in the programs' logs are counted.
    """
    with installation(pages=pages, settings=_HURRIED, keep=outcome.keep, **others) as made:
        try:
            yield made
        finally:
            made.end()
            _report(outcome, made)


def _report(outcome: Outcome, made: Installation) -> None:
    if made.client.server_errors:
        outcome.fail(f"{made.client.server_errors} answers of the API were 5xx")
    for program in made.programs.values():
        if program.tracebacks:
            outcome.count(f"tracebacks in {program.name}'s log", program.tracebacks)
