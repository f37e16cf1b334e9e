"""A page's charset, as declared in its headers or at its start."""

import codecs
import re
from collections.abc import Mapping

_UTF_8 = "utf-8"
_CHARSET = re.compile(rb"charset=[\"']?([A-Za-z0-9_-]+)", re.IGNORECASE)


def declared_charset(body: bytes, headers: Mapping[str, str] | None = None) -> str:
    """Python's name of the declared charset; UTF-8 if none or an unknown one is declared."""
    declared = _CHARSET.search((headers or {}).get("content-type", "").encode()) or _CHARSET.search(
        body, 0, 4096
    )
    if declared is None:
        return _UTF_8
    try:
        name = codecs.lookup(declared.group(1).decode()).name
        # Python also has codecs that are no charsets, such as zip and hex.
        b"a".decode(name)
    except (LookupError, UnicodeError):
        return _UTF_8
    return name


def as_utf8(body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    """The body as UTF-8; unchanged unless it declares another charset."""
    name = declared_charset(body, headers)
    return body if name == _UTF_8 else body.decode(name, errors="replace").encode()


def is_in_its_charset(body: bytes, headers: Mapping[str, str] | None = None) -> bool:
    """Whether the body is valid in its declared charset."""
    try:
        body.decode(declared_charset(body, headers))
    except UnicodeDecodeError:
        return False
    return True
