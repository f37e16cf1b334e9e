"""Scrapy signals that this project adds."""

page_finished = object()
"""Sent with ``crawl`` and ``record`` after a page's rows and journal line are written."""

pause_started = object()
"""Sent with ``spider``, ``seconds`` and ``reason`` before a retry.

``shared`` is true if every other request waits too; ``listing`` is the page that is requested
again, None if it is no listing.
"""

page_blocked = object()
"""Sent with ``request`` and ``kind`` when the shop answers with a block or error page."""

crawl_opened = object()
"""Sent with ``crawl`` before its first request."""

page_doubted = object()
"""Sent with ``crawl``, ``listing`` and ``again`` after a page that was not read as it should be.

``again`` is true if the page is requested once more.
"""
