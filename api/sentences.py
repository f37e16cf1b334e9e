"""Sentences that are shown to clients."""

from category_crawler.checkout import PROJECT
from category_crawler.files.home import home

NO_CREDITS = (
    "Not enough credits — a run takes one for each product kept, and none can be spent now: "
    "/users/credits/ shows how they stand, the operator grants more"
)
DAMAGED = "The database is damaged: the operator has to restore its backup"


def few_credits(reserved: int | None, wanted: int) -> list[str]:
    """A warning for a user with fewer credits than ``wanted``; none without a limit."""
    if reserved is None or reserved >= wanted:
        return []
    products = "1 product" if reserved == 1 else f"{reserved:,} products"
    return [f"Your credits pay for {products}: the run ends there"]


def few_products_today(left: int, wanted: int) -> list[str]:
    """A warning for a user with fewer products left of today than are ``wanted``."""
    if left >= wanted:
        return []
    return [f"Of your products a day {left:,} are left for this run: it ends there"]


def lower_priority(asked: str, given: str) -> list[str]:
    """A warning for a user whose priority ceiling is below the priority asked for."""
    if asked == given:
        return []
    return [f"priority {asked} is above the highest that you may use: the run has {given}"]


def without_paths(sentence: str) -> str:
    """A sentence without the server's paths, which errors of file access contain."""
    return sentence.replace(str(home()), "…").replace(str(PROJECT), "…")


def one_line(text: str) -> str:
    """A text without line breaks and control characters, safe in a header and as UTF-8."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
