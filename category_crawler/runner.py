"""Starts one Scrapy command for Scrapyd; unlike Scrapyd's own runner it needs no setuptools."""

import os

from scrapy.cmdline import execute

from category_crawler.parent import PARENT

if __name__ == "__main__":
    os.environ[PARENT] = str(os.getppid())
    execute()
