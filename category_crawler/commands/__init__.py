"""Commands of ``scrapy`` that this project changes."""
