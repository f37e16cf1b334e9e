"""How the lines of the log look and where they go, in every program of the project.

``LOG_FORMAT=json`` makes each line a JSON object, with the ids of the request, the run and the job
that it belongs to. ``LOG_FOLDER`` keeps the services' lines in files that are rotated, beside
standard output.
"""

import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import MappingProxyType

from category_crawler.errors import InvalidSetting
from category_crawler.job_name import runner_of_job

FORMAT, FOLDER = "LOG_FORMAT", "LOG_FOLDER"
"""Environment variables."""
_FORMATS = ("lines", "json")
_FILE_BYTES, _FILES = 10_000_000, 5
"""Of each service: the file that is written, and older ones beside it."""
_LINE = "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"

Ids = Mapping[str, str]
"""``request_id``, ``run``, ``job``, ``spider``; those that are known."""

_NONE: Ids = MappingProxyType({})
_ids: ContextVar[Ids] = ContextVar("ids", default=_NONE)
_process_ids: Ids = _NONE
"""Of a process that works for one job, in all its threads."""


def ids_of_job(job: str) -> dict[str, str]:
    """The ids that a job's name tells."""
    runner = runner_of_job(job)
    return {"job": job} | ({} if runner is None else {"run": str(runner)})


@contextmanager
def lines_of(ids: Ids) -> Iterator[None]:
    """Give the lines that are written in this context these ids, beside those of the outer one."""
    token = _ids.set({**_ids.get(), **ids})
    try:
        yield
    finally:
        _ids.reset(token)


def begin_lines_of(ids: Ids) -> None:
    """Give the lines of this thread these ids and no others, until they are given new ones."""
    _ids.set(ids)


def add_ids(ids: Ids) -> None:
    """Give the lines of this thread these ids beside those that they have."""
    _ids.set({**_ids.get(), **ids})


def set_process_ids(ids: Ids) -> None:
    """Give all lines of this process these ids."""
    global _process_ids
    _process_ids = ids


def current_ids() -> dict[str, str]:
    """The ids of a line that is written now."""
    return {**_process_ids, **_ids.get()}


class LineIds(logging.Filter):
    """Gives each record the ids of what it belongs to, as ``ids`` and ``request_id``."""

    def filter(self, record: logging.LogRecord) -> bool:
        ids = record.__dict__.get("ids") or current_ids()
        record.__dict__.update(ids=ids, request_id=ids.get("request_id", "-"))
        return True


def is_json() -> bool:
    """Whether lines are JSON. Raises InvalidSetting for a format that there is not."""
    given = os.environ.get(FORMAT) or _FORMATS[0]
    if given not in _FORMATS:
        raise InvalidSetting(f"{FORMAT} is {given!r}: it must be {' or '.join(_FORMATS)}")
    return given == "json"


def formatter() -> logging.Formatter:
    """What makes a line of a record that has passed :class:`LineIds`."""
    if not is_json():
        return logging.Formatter(_LINE)
    # Programs that write plain lines load nothing of it.
    from category_crawler.json_lines import JsonLines

    return JsonLines()


def handlers_of(program: str) -> list[logging.Handler]:
    """Where the lines of a service go: standard output, and a file if ``LOG_FOLDER`` is set.

    Raises InvalidSetting.
    """
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stdout)]
    if folder := os.environ.get(FOLDER):
        handlers.append(_file(Path(folder) / f"{program}.log"))
    for handler in handlers:
        handler.addFilter(LineIds())
        handler.setFormatter(formatter())
    return handlers


def set_up_log(program: str) -> None:
    """Have the log of this process written as :func:`handlers_of` says. Raises InvalidSetting."""
    # The format does not use these fields (logging manual, "Optimization").
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.captureWarnings(capture=True)
    logging.basicConfig(level=logging.INFO, handlers=handlers_of(program))


def _file(path: Path) -> logging.Handler:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return RotatingFileHandler(path, maxBytes=_FILE_BYTES, backupCount=_FILES, encoding="utf-8")
    except OSError as error:
        raise InvalidSetting(
            f"{FOLDER} is {str(path.parent)!r}, where no log can be written: {error.strerror}"
        ) from None
