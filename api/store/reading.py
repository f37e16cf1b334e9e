"""Makes records from rows of the database."""

import json
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from api.store.word import Word

Record = TypeVar("Record")
Values = tuple[Any, ...]


def columns_of(kind: type[Any], table: str) -> str:
    """The columns of a table that :func:`reader_of` takes, in their order.

    A record within the record is left out: its columns come last, from another table.
    """
    hints = get_type_hints(kind)
    names = [one.name for one in fields(kind) if not _is_record(hints[one.name])]
    return ", ".join(f"{table}.{name}" for name in names)


def reader_of(kind: type[Record]) -> Callable[[Values], Record]:
    """A function that makes a record from a row; a nested record is the last field.

    Values are not validated again: they were before they were stored.
    """
    hints = list(get_type_hints(kind).values())
    readers = [(place, read) for place, hint in enumerate(hints) if (read := _reader(hint))]
    inner = reader_of(hints[-1]) if _is_record(hints[-1]) else None
    own = len(hints) - (inner is not None)
    make: Callable[..., Record] = kind

    def record(row: Values) -> Record:
        values = list(row[:own])
        for place, read in readers:
            if values[place] is not None:
                values[place] = read(values[place])
        return make(*values) if inner is None else make(*values, inner(row[own:]))

    return record


def _reader(hint: Any) -> Callable[[Any], Any] | None:
    """The function that converts a column's value; None if none is needed."""
    kinds: Sequence[Any] = [one for one in get_args(hint) if one is not NoneType]
    kind = kinds[0] if NoneType in get_args(hint) else hint
    if get_origin(kind) in (dict, list):
        return json.loads
    if hasattr(kind, "read"):
        read: Callable[[Any], Any] = kind.read
        return read
    return kind if issubclass(kind, (Word, bool)) else None


def _is_record(hint: Any) -> bool:
    return is_dataclass(hint) and not hasattr(hint, "read")
