"""Recognises damaged pages: cut off, or not valid in the charset they declare.

All 32 real pages, of every kind and year, are valid UTF-8 and end with ``</html>``, followed at
most by a comment of some 200 bytes.
"""

from collections.abc import Mapping

from category_crawler.pages.charset import declared_charset, is_in_its_charset

_END = b"</html"
_MOST_GARBLED = 1000
"""With more, the page is in another charset."""
_TAIL = 2048
"""Bytes at the end in which to search for it; some pages contain whole pages further up."""


def read_damage(body: bytes, headers: Mapping[str, str] | None = None) -> str | None:
    """What is wrong with the bytes of an HTML page, in words; None if nothing is."""
    if not body:
        return "an empty page"
    if not is_in_its_charset(body, headers):
        return f"a page that is not in the charset it declares ({declared_charset(body, headers)})"
    if _END not in body[-_TAIL:].lower():
        return "a page that breaks off before its end"
    return None


def is_garbled(body: bytes, headers: Mapping[str, str] | None = None) -> bool:
    """Whether a page is whole, but some of its bytes are not in the charset that it declares.

    It can be read; each such byte is shown as U+FFFD.
    """
    if _END not in body[-_TAIL:].lower():
        return False
    charset = declared_charset(body, headers)
    return 0 < body.decode(charset, errors="replace").count("\ufffd") <= _MOST_GARBLED


def is_html(body: bytes, headers: Mapping[str, str] | None = None) -> bool:
    """Whether a response is an HTML page, by its headers, else by its first character."""
    declared = (headers or {}).get("content-type", "")
    return "html" in declared if declared else body.lstrip()[:1] == b"<"
