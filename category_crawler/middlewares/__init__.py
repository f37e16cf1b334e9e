"""Scrapy's downloader middlewares of this project: what becomes of a request and its answer."""
