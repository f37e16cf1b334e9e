"""What twistd runs: Scrapyd's application, without a scrapy.cfg that names it."""

from scrapyd.config import Config

from category_crawler.daemon import application as project

application = project.application(Config())
