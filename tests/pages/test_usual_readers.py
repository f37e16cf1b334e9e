"""The readers used as a benchmark's baseline do the same work: they read the same products."""

import pytest

from category_crawler.items import Product
from category_crawler.pages import read_page
from tests.pages.libraries import Library, Lxml, Parsel, Soup
from tests.pages.usual_reader import UsualReader
from tests.samples import listings


def compared(products: list[Product]) -> list[tuple[object, ...]]:
    return [(p.asin, p.title, p.price_cents, p.sponsored, p.image_url) for p in products if p.asin]


@pytest.mark.parametrize(
    "library", [Parsel(), Lxml(), Soup()], ids=lambda each: type(each).__name__
)
def test_the_usual_ways_read_the_same(library: Library) -> None:
    sample = listings()[0]
    page, reading = (
        read_page(sample.body, sample.shop),
        UsualReader(library).read(sample.body, sample.shop),
    )
    assert compared(reading.products) == compared(page.products)
    assert (reading.bar.first, reading.bar.total) == (page.first, page.total)
    assert reading.has_next == page.has_next
    assert reading.title == page.title
