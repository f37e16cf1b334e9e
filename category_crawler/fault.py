"""What is wrong with fields that were given, for the person who gave them."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from category_crawler.errors import InvalidJob


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one field."""

    field: str
    """Its name; one within another as ``rules.0.percent``."""
    message: str
    """One sentence: the field, its value, and what is allowed."""


class WrongFields(InvalidJob):
    """Raised with everything that is wrong with a job's fields."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(fault.message for fault in faults))
        self.faults = faults


def faults_of(
    error: ValidationError, given: Mapping[str, Any], secrets: Collection[str] = ()
) -> list[Fault]:
    """What is wrong with each field of ``given``; the values of ``secrets`` are not shown."""
    by_field: dict[str, list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False):
        by_field.setdefault(".".join(_path(detail, given)), []).append(detail)
    return [
        _fault_of(field or "the job", details, is_secret=field in secrets)
        for field, details in by_field.items()
        if not _is_container_of_another(field, details, by_field)
    ]


def what_is_allowed(message: str) -> str:
    """Pydantic's message, worded as the end of a sentence."""
    text = message.removeprefix("Value error, ")
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _path(detail: ErrorDetails, given: Any) -> list[str]:
    """Where the error is in ``given``: pydantic also names the model or type that it tried."""
    *parents, last = detail["loc"] or ("",)
    path = []
    for part in parents:
        if _is_within(part, given) and (isinstance(part, int) or part in given):
            given = given[part]
            path.append(str(part))
    if last != "" and _is_within(last, given):
        path.append(str(last))
    is_tag = detail["type"] in _OF_TAGS and _is_object(detail)
    return [*path, _tag(detail)] if is_tag else path


def _is_within(part: int | str, given: Any) -> bool:
    """Whether a value can have such a part."""
    return isinstance(given, list if isinstance(part, int) else Mapping)


def _is_object(detail: ErrorDetails) -> bool:
    return isinstance(detail["input"], Mapping)


def _tag(detail: ErrorDetails) -> str:
    return str(detail["ctx"]["discriminator"]).strip("'")


def _is_container_of_another(
    field: str, details: Iterable[ErrorDetails], fields: Iterable[str]
) -> bool:
    """Whether a value was tried as another type as well, and is wrong within that one."""
    of_type = all(detail["type"].endswith(("_type", "literal_error")) for detail in details)
    return of_type and any(other.startswith(f"{field}.") for other in fields)


def _fault_of(field: str, details: list[ErrorDetails], *, is_secret: bool) -> Fault:
    detail = details[0]
    kind = detail["type"]
    if kind == "value_error" and isinstance(detail["input"], Mapping):
        # The rule is about several fields; the sentence names them.
        named = f"{field}: " if detail["loc"] else ""
        return Fault(field, named + what_is_allowed(detail["msg"]))
    if kind == "missing" or (kind == "union_tag_not_found" and _is_object(detail)):
        return Fault(field, f"{field} is missing")
    if kind == "extra_forbidden":
        return Fault(field, f"{field} is not a known field")
    first, *others = dict.fromkeys(map(_allowed, details))
    allowed = " or ".join([first, *(other.removeprefix(_MUST_BE) for other in others)])
    return Fault(field, f"{field} {'is wrong' if is_secret else _said(detail)}: {allowed}")


def _said(detail: ErrorDetails) -> str:
    value = _input(detail)
    too_long = detail["type"] == "too_long"
    return f"has {_counted(len(value), 'entry')}" if too_long else f"is {shown(value)}"


def _input(detail: ErrorDetails) -> Any:
    value = detail["input"]
    is_tag = detail["type"] == "union_tag_invalid"
    return value.get(_tag(detail)) if is_tag and isinstance(value, Mapping) else value


def _allowed(detail: ErrorDetails) -> str:
    say = _ALLOWED.get(detail["type"])
    return _MUST_BE + say(detail.get("ctx", {})) if say else what_is_allowed(detail["msg"])


def shown(value: object) -> str:
    """A value in a sentence, not too long of it."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"


def _say(text: str) -> Callable[[Mapping[str, Any]], str]:
    return text.format_map


def _bound(words: str, name: str) -> Callable[[Mapping[str, Any]], str]:
    """What to say of a limit: ``at least 1``, also where it is 1.0."""
    return lambda ctx: f"{words} {int(ctx[name]) if ctx[name] == int(ctx[name]) else ctx[name]}"


_MUST_BE = "it must be "
_NUMBER, _WHOLE, _OBJECT = _say("a number"), _say("a whole number"), _say("an object")
_OF_TAGS = ("union_tag_invalid", "union_tag_not_found")
_ALLOWED: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "string_type": _say("a string"),
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "finite_number": _NUMBER,
    "bool_type": _say("true or false"),
    "bool_parsing": _say("true or false"),
    "list_type": _say("an array"),
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "union_tag_not_found": _OBJECT,
    "union_tag_invalid": _say("one of {expected_tags}"),
    "literal_error": _say("{expected}"),
    "enum": _say("{expected}"),
    "greater_than": _bound("above", "gt"),
    "greater_than_equal": _bound("at least", "ge"),
    "less_than": _bound("below", "lt"),
    "less_than_equal": _bound("at most", "le"),
    "string_too_short": lambda ctx: f"of at least {_counted(ctx['min_length'], 'character')}",
    "string_too_long": lambda ctx: f"of at most {_counted(ctx['max_length'], 'character')}",
    "too_long": lambda ctx: f"an array of at most {_counted(ctx['max_length'], 'entry')}",
}
"""What a value must be, by the type of pydantic's error; its context fills the text."""


def _counted(number: int, noun: str) -> str:
    many = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else many}"
