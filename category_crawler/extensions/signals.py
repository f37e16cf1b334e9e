"""Scrapy signals of this project."""

page_finished = object()
"""Sent with ``crawl`` and ``record`` once a page's rows and journal line are on disk."""

pause_started = object()
"""Sent with ``spider``, ``seconds`` and ``reason`` before a request is tried again.

``shared`` is true where every other request waits as well.
"""
