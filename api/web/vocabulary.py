"""Sentences of crawls and of the API, in the words of the pages.

They are written for logs and programs: they name fields, calls and the crawler's own terms, and
hold whole addresses. What is quoted in them is the shop's, and stays as it is.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from markupsafe import Markup

from category_crawler.domain_config import DOMAINS
from category_crawler.filter_names import filter_name

_APART = re.compile(
    r"""(https://[^\s<>'"“”]+?(?=[,;:.)]*(?:\s|$))|(?<!\w)(['"]).*?\2(?!\w)|“.*?”)"""
)
"""What is no word of ours: an address, or a text in quotation marks."""
_SHOPS = frozenset(shop.host for shop in DOMAINS.values())
_FILTER = re.compile(r"\b(p_[A-Za-z0-9_-]+):(\w+)")
"""A filter of the shop, as its addresses have it."""
_FIELDS = {
    "category_url": "the address",
    "amazon_node_id": "the category",
    "domain": "the shop",
    "filter_prime_ships_from_au": "the filter “Prime, ships from Australia”",
    "filter_delivery_day": "the filter for the delivery day",
    "price_min_cents": "the lowest price",
    "price_max_cents": "the highest price",
    "max_products": "the maximum number of products",
    "include_sponsored": "the choice of advertisements",
    "notification_email": "the e-mail address",
    "webhook_url": "the webhook",
    "delivery_by": "the day of delivery",
    "rating_min": "the number of stars",
}
_TERMS = (
    (r"filter_delivery_day=tomorrow", "delivery tomorrow"),
    (r"filter_delivery_day=within_2_days", "delivery within two days"),
    *((rf"\b{name}\b", words) for name, words in _FIELDS.items() if "_" in name),
    (r"\bk= in\b", "the search words in"),
    (r"[Ss]chedule the category anew(?: with add_schedule)?", "start a new crawl"),
    (r"update_schedule gives a new one", "set it anew"),
    (r"refresh-zipcode makes the session anew", "renew it"),
    (r", or make it anew with create-zipcode or refresh-zipcode", ": renew it"),
    (r"\bZipcode\b", "Postcode"),
    (r"\bzipcode\b", "postcode"),
    (r"\bnot_seen\b", "“not seen”"),
    (r"\bRunner (?=\d)", "Run "),
    (r"\brunner (?=\d)", "run "),
    (r"\bCollection \d+\b", "This collection"),
    (r"\bcollection \d+\b", "this collection"),
    (r"\bis scraping\b", "is running"),
    (r"\bis queued\b", "is waiting"),
    (r"\bThe site\b", "The shop"),
    (r"\b([Tt])he site\b", r"\1he shop"),
    (r"\bits result bar\b", "its heading"),
    (r"\bits metadata\b", "its data"),
    (r"\bprice slice\b", "price range"),
    (r"\bslices\b", "parts"),
    (r"\bslice\b", "part"),
    (r"\bwalked\b", "read"),
    (r"\bthe end of its plan\b", "its end"),
    (r"\bthat the plan had missed\b", "that had been missed"),
    (r"\bthe audit\b", "the check of random pages"),
    (r"\bcards\b", "products"),
    (r"\bcard\b", "product"),
    (r"\bcategory node\b", "category"),
    (r"\bchosen node\b", "chosen category"),
    (r"\bnode n?:?!?(?=\d)", "category "),
    (r"\bnodes\b", "categories"),
    (r"\bnode\b", "category"),
    (r" \(rh=n:<digits>\)", ""),
    (r"\b(?:of|in) rh\b", "of the address"),
    (r"\brh has\b", "the address has"),
    (r"\blow-price\b", "the lowest price"),
    (r"\bhigh-price\b", "the highest price"),
    (r"\brefinement\b", "filter"),
    (r"\b([Tt])he URL\b", r"\1he address"),
    (r"; its log is in Scrapyd's console", "; the operator can read its log"),
    (r"\bwaits for a slot\b", "waits"),
    (r"\bthe pop-over of\b", "the place where one chooses a postcode at"),
    (r"\bthe pop-over for the delivery location\b", "the place where one chooses a postcode"),
    (r": #\S+ did not appear within", " within"),
    (r"\bthe site's markup has changed and the page readers must be fixed\b", ""),
    (r", \.jsonl\b", "; the JSON lines file"),
    (r"\bask again in\b", "try again in"),
)
_WORDS = tuple((re.compile(term), words) for term, words in _TERMS)


def in_words(text: str) -> str:
    """A sentence with our terms replaced; its addresses stay."""
    return "".join(piece if is_apart else _replaced(piece) for piece, is_apart in _pieces(text))


def plain(text: str) -> Markup:
    """A sentence with our terms replaced, and links in place of the addresses of lists."""
    return Markup("").join(
        _link(piece) if is_apart and _is_of_shop(piece) else piece if is_apart else _replaced(piece)
        for piece, is_apart in _pieces(text)
    )


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """The text in pieces, each with whether it is no word of ours."""
    end = 0
    for found in _APART.finditer(text):
        yield text[end : found.start()], False
        yield found[1], True
        end = found.end()
    yield text[end:], False


def _replaced(text: str) -> str:
    text = _FILTER.sub(lambda found: f"“{filter_name(found[1], found[2])}”", text)
    for term, words in _WORDS:
        text = term.sub(words, text)
    return text


def _is_of_shop(piece: str) -> bool:
    return piece.startswith("https://") and urlsplit(piece).netloc in _SHOPS


def _link(address: str) -> Markup:
    return Markup('<a href="{}" rel="noreferrer">this list</a>').format(address)
