"""Pipelines: what happens to a product between the spider and the run's folder."""

from typing import Self

from scrapy.crawler import Crawler

from category_crawler.items import Product
from category_crawler.spiders.category import CategorySpider


class RunRows:
    """Writes each product as a row of the spider's run."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_item(self, item: Product) -> Product:
        spider = self.crawler.spider
        assert isinstance(spider, CategorySpider)
        assert spider.crawl is not None
        spider.crawl.run.keep(item)
        return item
