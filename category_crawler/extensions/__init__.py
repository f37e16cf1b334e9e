"""Scrapy extensions: they stop a spider, and write its progress and its result."""
