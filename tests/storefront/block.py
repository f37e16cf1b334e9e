"""Answers that replace a listing: block pages, errors and broken responses."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass, field

import brotli


@dataclass(frozen=True, slots=True)
class Block:
    """An answer that replaces a listing."""

    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    breaks_off: str = ""
    """``hang``: no answer; ``reset``: the connection is closed; ``truncate``: half an answer;
    ``cut_chunks``: half a chunked answer."""
    many_cookies: int = 0
    """Cookies that the answer sets."""
    spoils: Callable[[bytes], bytes] | None = None
    """Changes the bytes of the listing, which is sent with ``headers``."""


def _page(title: str, body: str) -> str:
    return f"<!doctype html><html><head><title>{title}</title></head><body>{body}</body></html>"


def _cut(body: bytes) -> bytes:
    """The first two thirds of the body: cards, but no pagination strip."""
    return body[: len(body) * 2 // 3]


def _spoiled(spoils: Callable[[bytes], bytes], encoding: str = "") -> Callable[[str], Block]:
    headers = {"Content-Encoding": encoding} if encoding else {}
    return lambda _: Block(headers=headers, spoils=spoils)


_FORM = '<form method="get" action="/errors/validateCaptcha">{}</form>'

BLOCKS: dict[str, Callable[[str], Block]] = {
    "captcha": lambda domain: Block(
        body=_page(domain, "Type what you see. " + _FORM.format('<input id="captchacharacters">'))
    ),
    "captcha_503": lambda domain: Block(
        503, _page(domain, "Type what you see. " + _FORM.format('<input id="captchacharacters">'))
    ),
    "interstitial": lambda domain: Block(
        body=_page(domain, "Press to go on. " + _FORM.format("<button>Continue shopping</button>"))
    ),
    "error": lambda domain: Block(
        503, _page("Sorry", '<a href="/ref=cs_503_link">Something is wrong</a><img alt="Dogs">')
    ),
    "error_200": lambda domain: Block(
        body=_page("Sorry", '<a href="/ref=cs_503_link">Something is wrong</a><img alt="Dogs">')
    ),
    "server_busy": lambda domain: Block(body=_page("Server Busy", "<h1>Server Busy</h1>")),
    "waf": lambda domain: Block(202, headers={"x-amzn-waf-action": "challenge"}),
    "waf_captcha": lambda domain: Block(405, headers={"x-amzn-waf-action": "captcha"}),
    "akamai": lambda domain: Block(
        body=_page(
            "", '<meta http-equiv="refresh" content="5; URL=/?bm-verify=AAQ"><i>bm-verify</i>'
        )
    ),
    "sign_in": lambda domain: Block(
        302, headers={"Location": f"https://www.{domain}/ap/signin?openid.return_to=x"}
    ),
    "rate_limit": lambda domain: Block(429, _page("Too many", "Slow down.")),
    "not_found": lambda domain: Block(404, _page("Not found", "No such page.")),
    "elsewhere": lambda domain: Block(302, headers={"Location": "https://www.amazon.com/s?k=x"}),
    "language": lambda domain: Block(
        301, headers={"Location": f"https://www.{domain}/-/en/s?rh=n%3A4851693051"}
    ),
    "browse": lambda domain: Block(
        body=_page(
            "Home", f'<link rel="canonical" href="https://www.{domain}/home/b?node=4851693051">'
        )
    ),
    "hang": lambda domain: Block(breaks_off="hang"),
    "reset": lambda domain: Block(breaks_off="reset"),
    "truncate": lambda domain: Block(breaks_off="truncate"),
    "cut_chunks": lambda domain: Block(breaks_off="cut_chunks"),
    "cut_html": _spoiled(_cut),
    "no_html": _spoiled(lambda _: b""),
    "cut_gzip": _spoiled(lambda body: _cut(gzip.compress(body)), "gzip"),
    "no_gzip": _spoiled(lambda body: body, "gzip"),
    "gzip_unsaid": _spoiled(gzip.compress),
    "cut_brotli": _spoiled(lambda body: _cut(brotli.compress(body)), "br"),
    "no_brotli": _spoiled(lambda body: body, "br"),
    "no_deflate": _spoiled(lambda body: body, "deflate"),
    "no_zstd": _spoiled(lambda body: body, "zstd"),
    "zip_bomb": _spoiled(lambda _: gzip.compress(bytes(60_000_000), 1), "gzip"),
    "brotli_bomb": _spoiled(lambda _: brotli.compress(bytes(60_000_000), quality=1), "br"),
    "huge": _spoiled(lambda body: body + b" " * 12_000_000),
    "deep": _spoiled(lambda body: body.replace(b"<body>", b"<body>" + b"<div>" * 200_000)),
    "bad_byte": _spoiled(lambda body: body.replace(b"</span></h2></a>", b"\xff</span></h2></a>")),
    "no_charset": lambda _: Block(
        headers={"Content-Type": "text/html; charset=zip"}, spoils=lambda body: body
    ),
    "many_cookies": lambda _: Block(many_cookies=5000, spoils=lambda body: body),
    "utf_16": _spoiled(lambda body: body.decode().encode("utf-16")),
}
"""Every kind by name; each function takes the marketplace's domain."""
