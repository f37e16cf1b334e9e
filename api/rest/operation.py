"""One call of the API: its view, request model and response model."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from flask import Blueprint, Response, current_app, request
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from api.rest.auth import authenticate, limit_address
from api.rest.deeds import name_thing
from api.rest.envelope import success
from api.rest.idempotency import once
from api.rest.problem import ApiError
from api.rest.schemas import NoBody
from api.services import services
from category_crawler.fault import Fault, WrongFields, faults_of
from category_crawler.job import CategoryJob

View = Callable[..., Any]
Model = TypeVar("Model", bound=BaseModel)

CONTROL = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
_CONTROL = re.compile(f"[{CONTROL}]")
"""Unicode's control characters and its two line separators."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A call in the OpenAPI document."""

    method: str
    path: str
    """With its base, parameters in braces."""
    summary: str
    description: str
    body: type[BaseModel] | None
    data: Any
    """A model, or a type that holds models, of the envelope's ``data``; None for raw bytes, ``str``
    for plain text."""
    errors: tuple[int, ...]
    secured: bool
    idempotent: bool = False
    """Whether it takes a key under which it is done once."""


def operation(
    blueprint: Blueprint,
    path: str,
    *,
    data: Any,
    body: type[BaseModel] = NoBody,
    errors: tuple[int, ...] = (),
    secured: bool = True,
    idempotent: bool = False,
) -> Callable[[View], View]:
    """Make a view a POST call: it gets the checked body and returns the envelope's data.

    A view may return a Response of its own instead. The path works with and without a slash.
    """

    def register(view: View) -> View:
        @wraps(view)
        def answer() -> Response:
            if secured:
                authenticate()
            else:
                limit_address()
            asked = _body(body, is_idempotent=idempotent)
            name_thing(vars(asked))
            given = view(asked)
            return given if isinstance(given, Response) else success(given)

        add_rule(blueprint, path, answer, "POST")
        described = (400, *((401,) if secured else ()), *errors, 405, 413, 415, 429)
        describe(
            *(blueprint, "POST", path, view, body, data, described),
            secured=secured,
            idempotent=idempotent,
        )
        return answer

    return register


def add_rule(blueprint: Blueprint, path: str, view: View, method: str) -> None:
    """Route a path with and without its slash, neither redirecting to the other."""
    bare = path.rstrip("/")
    blueprint.add_url_rule(bare, view_func=view, methods=[method])
    blueprint.add_url_rule(f"{bare}/", view_func=view, methods=[method])


def describe(
    blueprint: Blueprint,
    method: str,
    path: str,
    view: View,
    body: type[BaseModel] | None,
    data: Any,
    errors: tuple[int, ...],
    *,
    secured: bool,
    idempotent: bool = False,
) -> None:
    """Add a call to the application's OpenAPI document."""
    summary, _, description = (view.__doc__ or "").strip().partition("\n")

    def enter(state: Any) -> None:
        base = state.url_prefix or ""
        entry = Operation(
            *(method, base + path, summary, _plain(description), body, data, errors, secured),
            idempotent=idempotent,
        )
        state.app.extensions.setdefault("operations", []).append(entry)

    blueprint.record(enter)


def operations() -> list[Operation]:
    """Every call of the application, in the order of their making."""
    listed: list[Operation] = current_app.extensions["operations"]
    return listed


def _body(model: type[BaseModel], *, is_idempotent: bool) -> BaseModel:
    given = _json()
    if is_idempotent:
        # A used key is what its sender has to hear of first: another body would not mend it.
        services().store.keys.check(once())
    return checked(model, given)


def checked(model: type[Model], given: dict[str, Any]) -> Model:
    """The fields as a model. Raises WrongFields with everything that is wrong."""
    if faults := [*_control_characters(model, given)]:
        raise WrongFields(faults)
    try:
        return model.model_validate(given)
    except ValidationError as error:
        if issubclass(model, CategoryJob):
            raise WrongFields(model.faults_in(given, error)) from None
        raise WrongFields(faults_of(error, given, getattr(model, "secrets", ()))) from None


def _json() -> dict[str, Any]:
    text = request.get_data()
    if not text.strip():
        return {}
    if request.mimetype != "application/json":
        raise ApiError(
            415, f"Send JSON with Content-Type: application/json, not {request.mimetype or 'none'}"
        )
    try:
        values = from_json(text)
    except ValueError as error:
        raise ApiError(400, f"The body is not JSON: {error}") from None
    if not isinstance(values, dict):
        raise ApiError(400, f"The body must be a JSON object, not {_in_json(values)}")
    if isinstance(values.get("name"), str):
        values["name"] = _cleaned_name(values["name"])
    return {name: _whole(value) for name, value in values.items()}


def _whole(value: Any) -> Any:
    """A value whose numbers such as 2.0 are integers, as JSON Schema has it."""
    if isinstance(value, list):
        return [_whole(part) for part in value]
    if isinstance(value, dict):
        return {name: _whole(part) for name, part in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _cleaned_name(name: str) -> str | None:
    """A name as it is kept; None, which means the default, where nothing else is left of it."""
    kept = _CONTROL.sub("", name)
    return kept if kept or not name else None


def _control_characters(model: type[BaseModel], values: dict[str, Any]) -> Iterator[Fault]:
    """The fields with a control character, which headers and logs forbid."""
    for name, value in values.items():
        if name in model.model_fields:
            for path, character in _controls_in(name, value):
                code = f"U+{ord(character):04X}"
                yield Fault(path, f"{path} holds the control character {code}: leave it out")


def _controls_in(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """The first control character of each text within a JSON value, and where it is."""
    if isinstance(value, str) and (found := _CONTROL.search(value)):
        yield path, found.group()
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _controls_in(f"{path}.{number}", part)
    elif isinstance(value, dict):
        for name, part in value.items():
            # The name of a field may hold one, which no answer repeats.
            yield from _controls_in(path, name)
            yield from _controls_in(path if _CONTROL.search(name) else f"{path}.{name}", part)


def _in_json(value: Any) -> str:
    """What JSON calls a value that is no object."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, list):
        return "an array"
    return "a string" if isinstance(value, str) else "a number"


def _plain(docstring: str) -> str:
    return "\n".join(line.strip() for line in docstring.strip().splitlines())
