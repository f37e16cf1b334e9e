"""The spiders that ``scrapy crawl`` and Scrapyd start."""
