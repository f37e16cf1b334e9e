"""Finds the known name that a misspelt one stands for."""

from collections.abc import Iterable
from difflib import get_close_matches

_NEAR = 0.85
"""Similarity from which one name counts as a misspelling of another; 1 is the same."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that this one resembles most, whatever its case; None if it resembles none."""
    plain = {other.upper(): other for other in known}
    found = get_close_matches(name.upper(), plain, n=1, cutoff=_NEAR)
    return plain[found[0]] if found else None


def known_names(name: str, known: Iterable[str]) -> str:
    """The end of a sentence that refuses a name: the one that was meant, and all there are."""
    meant = nearest(name, known)
    return f"{f'did you mean {meant}? ' if meant else ''}known are {', '.join(known)}"
