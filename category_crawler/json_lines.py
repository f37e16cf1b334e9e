"""Lines of the log as JSON objects, one a line, with the same fields in every program."""

import logging
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from category_crawler.log_lines import LineIds

_NAMES = {"levelname": "level", "name": "logger", "exc_info": "traceback", "stack_info": "stack"}
_FIELDS = ("time", "level", "logger", "message", "traceback", "stack")
"""Others that a library gives its records are left out: nobody has looked what they hold."""


class JsonLines(JsonFormatter):
    """``time`` (UTC), ``level``, ``logger``, ``message``, the ids, and any ``traceback``."""

    def __init__(self) -> None:
        fields = ["levelname", "name", "message"]
        super().__init__(fields, rename_fields=_NAMES, timestamp="time")
        self._ids = LineIds()

    def format(self, record: logging.LogRecord) -> str:
        # Scrapy makes its handler without our filter.
        self._ids.filter(record)
        return super().format(record)

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        super().add_fields(log_data, record, message_dict)
        for name in [name for name in log_data if name not in _FIELDS]:
            del log_data[name]
        log_data.update(record.__dict__["ids"])
