"""The OpenAPI document, made from the models that validate the calls."""

import re
from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema

from api.products.forms import CHANGES_FORMS, MIMETYPES
from api.rest.idempotency import HEADER, LONGEST, PATTERN
from api.rest.links import base_url
from api.rest.operation import CONTROL, Operation, operations
from category_crawler import __version__

_REFERENCE = "#/components/schemas/{model}"
_MEANINGS = {
    400: "Fields are missing or wrong; the sentence names them, and so do errors",
    401: "No credential, or one that is not valid",
    402: "Not enough credits",
    403: "The call is for tokens, and this is an API key; or it is for this machine alone",
    404: "Not found, or not yours",
    405: "The path does not take this method",
    409: "It is there already, or is being made; a run is open; or the key was sent with another "
    "request",
    413: "The body is larger than 64 KiB",
    415: "The body is not declared as JSON",
    429: "Too many requests; Retry-After says after how many seconds to try again",
    502: "Scrapyd refuses",
    503: "Scrapyd is away, a part of the service is not well, or a download is being made; "
    "Retry-After says after how many seconds to try again",
}


def specification() -> dict[str, Any]:
    """The whole document, OpenAPI 3.1."""
    bodies = {o.body for o in operations() if o.body is not None}
    _, definitions = models_json_schema(
        [(body, "validation") for body in bodies], ref_template=_REFERENCE
    )
    checked = {name: _without_controls(schema) for name, schema in definitions["$defs"].items()}
    schemas: dict[str, Any] = checked | {"Failure": _FAILURE}
    paths: dict[str, Any] = {}
    for one in operations():
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "category_crawler",
            "version": __version__,
            "description": "Amazon categories, whole, as seen from a postcode.",
        },
        "servers": [{"url": base_url()}],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": _SECURITY_SCHEMES},
    }


def _without_controls(schema: Any, name: str = "") -> Any:
    """The schema of a body, whose texts say that they take no control character.

    All but ``name``, which loses them.
    """
    if isinstance(schema, list):
        return [_without_controls(part, name) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "properties" in schema:
        properties = {n: _without_controls(part, n) for n, part in schema["properties"].items()}
        return schema | {"properties": properties}
    parts = [key for key in ("anyOf", "items") if key in schema]
    inner = {key: _without_controls(schema[key], name) for key in parts}
    takes_any = schema.get("type") == "string" and not {"enum", "const", "pattern"} & set(schema)
    pattern = {"pattern": f"^[^{CONTROL}]*$"} if takes_any and name != "name" else {}
    return schema | inner | pattern


def _operation(one: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": one.path.strip("/").replace("/", "_").replace("{", "").replace("}", ""),
        "summary": one.summary,
        "description": one.description,
        "responses": {"200": _answer(one, schemas)}
        | {str(code): _failure(code) for code in one.errors},
        "security": [{"apiKey": []}, {"token": []}] if one.secured else [],
    }
    if one.body is not None:
        schema = {"$ref": _REFERENCE.format(model=one.body.__name__)}
        described["requestBody"] = {
            "content": {"application/json": {"schema": schema}},
            "required": bool(schemas[one.body.__name__].get("required")),
        }
    if "{" in one.path:
        described["parameters"] = [*_parameters(one.path)]
    if one.idempotent:
        described["parameters"] = [_KEY_PARAMETER]
    return described


def _parameters(path: str) -> Iterator[dict[str, Any]]:
    """The parts of a download's path, and the choices after it."""
    for name in re.findall(r"{(\w+)}", path):
        forms = CHANGES_FORMS if "changes" in path else tuple(MIMETYPES)
        schema = {"type": "string", "enum": list(forms)} if name == "form" else _ID
        yield {"name": name, "in": "path", "required": True, "schema": schema}
    yield from _CHOICES


def _answer(one: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    if one.data is None:
        return {
            "description": "The rows",
            "content": {mimetype: {"schema": {}} for mimetype in MIMETYPES.values()},
        }
    if one.data is str:
        return {"description": "Text", "content": {"text/plain": {"schema": {"type": "string"}}}}
    data = TypeAdapter(one.data).json_schema(ref_template=_REFERENCE, mode="serialization")
    # A model that is sent as well as given stays as it is in the body.
    schemas |= data.pop("$defs", {}) | schemas
    return {
        "description": "An envelope",
        "content": {"application/json": {"schema": _envelope({"const": 200}, data, 1)}},
    }


def _failure(code: int) -> dict[str, Any]:
    schema = {"$ref": _REFERENCE.format(model="Failure")}
    content = {"application/json": {"schema": schema}}
    return {"description": _MEANINGS[code], "content": content}


def _envelope(code: dict[str, Any], data: dict[str, Any], status: int) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"code": code, "data": data, "status": {"const": status}},
        "required": ["code", "data", "status"],
    }


_FAILURE = _envelope({"type": "integer"}, {"type": "string"}, 0)
_FAILURE["properties"]["errors"] = {
    "type": "array",
    "description": "Every field that is wrong; only there when fields are",
    "items": {
        "type": "object",
        "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
        "required": ["field", "message"],
    },
}
_SECURITY_SCHEMES = {
    "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    "token": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "Token, a space, and the token",
    },
}
_ID = {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}
_FLAG = {"type": "string", "enum": ["true", "false"]}
_CHOICES = [{"name": name, "in": "query", "schema": _FLAG} for name in ("raw", "bom")]
_KEY_PARAMETER = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "A key of the client's own. The same call with the same key and body within a "
    "day gives the same answer, and starts nothing more",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST,
        "pattern": f"^{PATTERN}$",
    },
}
