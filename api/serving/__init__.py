"""The whole service in one process tree: Scrapyd, the API and the watcher, until a signal.

:func:`.service.serve` checks what they need, says where they are, and runs them.
"""
