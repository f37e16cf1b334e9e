"""A damaged page is recognised by its bytes."""

import pytest

from category_crawler.pages.charset import declared_charset
from category_crawler.pages.damage import is_garbled, is_html, read_damage

SOUND = "<!doctype html><html><body>£5, 5 €</body></html>"
UTF_8 = {"content-type": "text/html; charset=utf-8"}


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (SOUND.encode(), UTF_8),
        (SOUND.encode(), None),
        (SOUND.encode("cp1252"), {"content-type": "text/html; charset=windows-1252"}),
        (SOUND.replace("<body>", '<meta charset="cp1252">').encode("cp1252"), None),
        (SOUND.encode(), {"content-type": "text/html; charset=unheard-of"}),
        (SOUND.upper().encode() + b"\n<!-- " + b"x" * 200 + b" -->\n", UTF_8),
    ],
)
def test_a_sound_page(body: bytes, headers: dict[str, str] | None) -> None:
    assert read_damage(body, headers) is None


@pytest.mark.parametrize(
    "name", ["zip", "hex", "base64", "rot13", "undefined", "unheard-of", "uu", "bz2"]
)
def test_a_codec_that_is_no_charset_counts_as_utf_8(name: str) -> None:
    assert read_damage(SOUND.encode(), {"content-type": f"text/html; charset={name}"}) is None
    assert declared_charset(b"", {"content-type": f"text/html; charset={name}"}) == "utf-8"


@pytest.mark.parametrize(
    ("body", "garbled"),
    [
        (SOUND.encode(), False),
        (SOUND.encode().replace(b"5,", b"\xff,"), True),
        (SOUND.encode().replace(b"5,", b"\xff" * 2000), False),
        (SOUND.encode().replace(b"5,", b"\xff,")[:-10], False),
        (SOUND.encode("utf-16"), False),
    ],
)
def test_a_page_with_a_few_wrong_bytes_can_be_read(body: bytes, *, garbled: bool) -> None:
    assert is_garbled(body, UTF_8) is garbled


@pytest.mark.parametrize(
    ("body", "headers", "says"),
    [
        (b"", UTF_8, "empty"),
        (SOUND.encode()[:-10], UTF_8, "breaks off"),
        (SOUND.encode() + b"<div>" * 1000, UTF_8, "breaks off"),
        (SOUND.encode("cp1252"), UTF_8, "utf-8"),
        (SOUND.encode("cp1252"), None, "utf-8"),
        (SOUND.encode("utf-16"), UTF_8, "utf-8"),
        (SOUND.encode(), {"content-type": "text/html; charset=us-ascii"}, "ascii"),
        (SOUND.encode() + b"\xe2\x82", UTF_8, "utf-8"),
    ],
)
def test_a_damaged_page(body: bytes, headers: dict[str, str] | None, says: str) -> None:
    assert says in (read_damage(body, headers) or "")


@pytest.mark.parametrize(
    ("body", "headers", "html"),
    [
        (b"User-agent: *", {"content-type": "text/plain"}, False),
        (b"User-agent: *", None, False),
        (b"\n<!doctype html>", None, True),
        (b"\x1f\x8b", {"content-type": "text/html"}, True),
    ],
)
def test_what_is_meant_as_a_page(body: bytes, headers: dict[str, str] | None, html: bool) -> None:
    assert is_html(body, headers) is html
