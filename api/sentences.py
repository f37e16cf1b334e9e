"""Sentences as they may leave the server."""

from category_crawler.home import PROJECT, home


def without_paths(sentence: str) -> str:
    """A sentence without where on the server things lie, which a failed file access tells."""
    return sentence.replace(str(home()), "…").replace(str(PROJECT), "…")
