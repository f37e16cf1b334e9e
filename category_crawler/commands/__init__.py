"""``scrapy`` commands that this project changes."""
