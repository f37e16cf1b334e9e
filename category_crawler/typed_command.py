"""How people call this program's commands: a checkout and an installed wheel have other words."""

from category_crawler.checkout import is_checkout

NAME = "category-crawler"
_OF_CHECKOUT = {
    "serve": "make serve",
    "browser": "make browser",
    "crawl": "scrapy crawl category",
    "pages": "python -m category_crawler.pages",
    "sessions": "python -m category_crawler.delivery",
}
"""What stands for a command of ``category-crawler`` in a checkout; for others it is Flask's."""
_GROUPS = {"cluster": "nodes"}
"""Flask's names of groups that ``category-crawler`` calls otherwise."""


def typed(command: str) -> str:
    """A command of ``category-crawler``, as a person types it: ``make serve`` for ``serve``.

    It holds no path, as clients see it too: programs of the environment are taken to be found.
    """
    if not is_checkout():
        return f"{NAME} {command}"
    name, _, words = command.partition(" ")
    called = _OF_CHECKOUT.get(name) or f"flask --app api {_GROUPS.get(name, name)}"
    return f"{called} {words}".rstrip()
