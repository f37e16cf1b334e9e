"""Sentences as they may leave the server."""

from category_crawler.files.home import PROJECT, home


def few_credits(reserved: int | None, wanted: int) -> list[str]:
    """What to tell who has fewer credits than a run may need; nothing of a user without limit."""
    if reserved is None or reserved >= wanted:
        return []
    products = "1 product" if reserved == 1 else f"{reserved:,} products"
    return [f"Your credits pay for {products}: the run ends there"]


def without_paths(sentence: str) -> str:
    """A sentence without where on the server things lie, which a failed file access tells."""
    return sentence.replace(str(home()), "…").replace(str(PROJECT), "…")


def one_line(text: str) -> str:
    """A text that cannot begin a header or a line of its own, and that can be written as UTF-8."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
