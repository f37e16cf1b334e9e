"""Page readers: HTML in, values out; they know neither Scrapy nor the network.

:func:`read_page` reads any answer of the site. ``python -m category_crawler.pages FILE…`` prints
what it sees on saved pages.
"""

from category_crawler.pages.kind import Kind
from category_crawler.pages.listing import Page, read_page
from category_crawler.pages.price_range import PriceRange
from category_crawler.pages.rail import Refinement

__all__ = ["Kind", "Page", "PriceRange", "Refinement", "read_page"]
