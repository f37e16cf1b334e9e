"""What the shop answers instead of a listing: block pages, errors, and answers that break off."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Block:
    """An answer in a listing's place."""

    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    breaks_off: str = ""
    """``hang``: no answer; ``reset``: the connection is cut; ``truncate``: half an answer."""


def _page(title: str, body: str) -> str:
    return f"<!doctype html><html><head><title>{title}</title></head><body>{body}</body></html>"


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
}
"""Every kind by its name; each takes the marketplace's domain."""
