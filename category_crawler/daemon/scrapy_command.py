"""Runs one Scrapy command for Scrapyd; unlike Scrapyd's own runner it needs no setuptools."""

from scrapy.cmdline import execute

if __name__ == "__main__":
    execute()
