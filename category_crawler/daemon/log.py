"""Scrapyd's log: as Twisted writes it, or as all programs of the project write theirs."""

import logging
import os
import sys
from collections.abc import Sequence

from twisted.logger import LogEvent, formatEvent, textFileLogObserver

from category_crawler.errors import InvalidSetting
from category_crawler.log_lines import FOLDER, handlers_of, ids_of_job, is_json


class HandledLog:
    """An observer of Twisted's log that has the handlers of Python's log write its events."""

    def __init__(self, handlers: Sequence[logging.Handler]) -> None:
        self._handlers = handlers

    def __call__(self, event: LogEvent) -> None:
        record = record_of(event)
        for handler in self._handlers:
            handler.handle(record)


def observer() -> object:
    """What writes the events of the log."""
    try:
        if is_json() or os.environ.get(FOLDER):
            return HandledLog(handlers_of("scrapyd"))
    except InvalidSetting as error:
        sys.exit(f"Wrong settings: {error}")
    return textFileLogObserver(sys.stdout)


def record_of(event: LogEvent) -> logging.LogRecord:
    """An event of Twisted's log as a record of Python's; one that names a job has its ids."""
    failure = event.get("log_failure")
    trouble = failure and (failure.type, failure.value, failure.getTracebackObject())
    level = logging.getLevelNamesMapping()[event["log_level"].name.upper()]
    name = event.get("log_namespace", "scrapyd")
    record = logging.LogRecord(name, level, "", 0, formatEvent(event), None, trouble)
    record.created = event["log_time"]
    record.ids = ids_of_job(str(event["job"])) if event.get("job") else {}
    return record
