"""The text of a page as a visitor sees it."""

import re
import unicodedata

from selectolax.lexbor import LexborNode

_NO_DIGIT = re.compile(r"\D")
# Zero-width and direction marks occur in delivery lines and prices (real pages).
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\ufeff\u00ad]")


def clean(text: str | None) -> str:
    """The text with single spaces and no invisible marks; empty for None."""
    if not text:
        return ""
    return " ".join((text if text.isascii() else _INVISIBLE.sub("", text)).split())


def text_of(node: LexborNode | None) -> str | None:
    """A node's text; None if there is no node or no text."""
    return None if node is None else clean(node.text()) or None


def spaced_text_of(node: LexborNode | None) -> str | None:
    """Like :func:`text_of`, with a space between elements."""
    return None if node is None else clean(node.text(separator=" ")) or None


def whole_number(text: str) -> int:
    """A text's digits as one number: "1,21,900" is 121900; 0 if it has none."""
    return int(_NO_DIGIT.sub("", text) or "0")


def plain_digits(text: str) -> str:
    """The text with full-width and Arabic-Indic digits and separators as ASCII."""
    if text.isascii() or not _UNPLAIN.search(text):
        return text
    return "".join(_PLAIN.get(char) or _plain_digit(char) for char in text)


# These ranges contain every non-ASCII digit and every separator below; most texts have neither.
_UNPLAIN = re.compile("[\u0600-\u1fff\ua600-\U0010ffff]")
_PLAIN = {"٫": ".", "٬": ",", "،": ",", "，": ",", "．": ".", "－": "-"}


def _plain_digit(char: str) -> str:
    if char.isascii():
        return char
    value = unicodedata.decimal(char, None)
    return char if value is None else str(value)
