"""The listing of the speed benchmark: its pages agree, and each has its own products."""

from category_crawler.pages import read_page
from tests.long_listing import CARDS, NODE, long_listings


def test_its_pages_follow_each_other_and_share_no_product() -> None:
    listing = long_listings(9)[0]
    pages = [read_page(listing.page(number), listing.sample.shop) for number in (1, 2, 9)]
    assert [page.first for page in pages] == [1, CARDS + 1, 8 * CARDS + 1]
    assert [page.metadata.page for page in pages] in ([1, 2, 9], [None] * 3)
    assert [page.has_next for page in pages] == [True, True, False]
    assert {page.node_applied for page in pages} == {NODE}
    organic = [p.asin for page in pages for p in page.products if not p.sponsored]
    assert len(set(organic)) == len(organic) == 3 * CARDS
