"""Page readers: HTML in, values out, without Scrapy and without the network.

:func:`read_page` reads any page of the site, and :func:`read_page_as` one whose block is known.
``python -m category_crawler.pages FILE…`` prints what it reads from saved pages.
"""

from category_crawler.pages.kind import Kind
from category_crawler.pages.listing import Page, read_page, read_page_as
from category_crawler.pages.price_range import PriceRange
from category_crawler.pages.rail import Refinement

__all__ = ["Kind", "Page", "PriceRange", "Refinement", "read_page", "read_page_as"]
