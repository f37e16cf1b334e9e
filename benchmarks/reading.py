"""What reading a listing page costs: bytes in, all product fields and page facts out."""

from collections.abc import Iterator
from statistics import median

from selectolax.lexbor import LexborHTMLParser

from benchmarks.comparison import Row, ratio
from category_crawler.pages import read_page
from tests.pages.libraries import Library, Lxml, Parsel, Soup
from tests.pages.usual_reader import UsualReader
from tests.samples import Sample, listings

_ROUNDS = 15
_WHAT = "a page read: bytes to all fields and facts"
_ALTERNATIVES: tuple[tuple[str, Library, float, int], ...] = (
    ("parsel", Parsel(), 4, 5),
    ("lxml, compiled XPath", Lxml(), 3, 5),
    ("BeautifulSoup with lxml", Soup(), 15, 3),
)
"""Name, library, how many times faster we should be, rounds a page."""


def rows() -> Iterator[Row]:
    """One row for Lexbor's parse alone, one for each usual way."""
    pages = listings()
    own = median(_to_parsing(page) for page in pages)
    yield Row(_WHAT, "Lexbor's parse alone of the same bytes", own, 1.35, at_most=True)
    for name, library, target, rounds in _ALTERNATIVES:
        reader = UsualReader(library)
        times = median(_faster_than(reader, page, rounds) for page in pages)
        yield Row(_WHAT, f"{name}, times faster", times, target, at_most=False)


def _to_parsing(page: Sample) -> float:
    return ratio(
        lambda: read_page(page.body, page.shop), lambda: LexborHTMLParser(page.body), _ROUNDS
    )


def _faster_than(reader: UsualReader, page: Sample, rounds: int) -> float:
    return ratio(
        lambda: reader.read(page.body, page.shop), lambda: read_page(page.body, page.shop), rounds
    )
