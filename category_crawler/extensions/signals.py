"""Scrapy signals that this project adds."""

page_finished = object()
"""Sent with ``crawl`` and ``record`` after a page's rows and journal line are written."""

pause_started = object()
"""Sent with ``spider``, ``seconds`` and ``reason`` before a retry.

``shared`` is true if every other request waits too.
"""
