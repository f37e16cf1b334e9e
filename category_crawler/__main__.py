"""``python -m category_crawler COMMAND``: Scrapy's commands, with this project's spiders."""

import sys

from category_crawler.scrapy_project import run_scrapy

if __name__ == "__main__":
    run_scrapy(sys.argv[1:])
