"""Copies the files of ended runs to another place, in the watcher, until each is there.

A watcher claims a copy before it makes it, and holds the claim while it goes on. If it dies
meanwhile, another watcher makes the copy after the lease, under the same name. A copy counts as
made once the place has told its size.
"""

import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import wait
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from api.config import Settings
from api.exports.places import NotStored, place_of
from api.notices.daemon_thread import in_daemon_thread, repeated
from api.products.about import file_name
from api.products.datasets import NoRows, dataset
from api.products.downloads import Downloads, NotReady
from api.runners.attempts import folder_of, run_name
from api.store import Store
from api.store.records import Export, ExportForm, ExportStatus, Runner
from category_crawler.log_lines import lines_of

logger = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 10, 3600
_LONGEST_COPY = 3600.0
"""Seconds after which a copy that does not end is made anew."""


class _ClaimLost(Exception):
    """Raised if a copy is another watcher's by now, or nobody wants it any more."""


@dataclass(frozen=True, slots=True)
class Exporter:
    """Makes the copies that are due, one after the other."""

    store: Store
    downloads: Downloads
    settings: Settings

    def copying(self, stop: threading.Event) -> AbstractContextManager[None]:
        """Make copies in the background while the context is open."""
        failure = "A copy of results could not be recorded; it is tried again"
        return repeated(self.copy_next, stop, self.settings.watch_interval, failure)

    def copy_next(self) -> bool:
        """Make the next copy that is due; whether there was one."""
        if not self.settings.export_url:
            self.store.exports.switch_off()
            return False
        export = self.store.exports.claim(self.settings.notice_lease)
        if export is None:
            return False
        runner = self.store.runners.get(export.runner)
        if runner is not None:
            with lines_of({"run": str(export.runner)}):
                self._settle(export, runner)
        return True

    def _settle(self, export: Export, runner: Runner) -> None:
        try:
            self._copy(export, runner)
        except NoRows as error:
            status = ExportStatus.EMPTY if error.is_empty else ExportStatus.GONE
            self.store.exports.settle_without(export, status, str(error))
        except NotReady as error:
            self.store.exports.postpone(export, error.seconds, None)
        except NotStored as error:
            self._try_later(export, str(error))
        except _ClaimLost:
            logger.warning("The %s is another watcher's by now", _name(export))
        except Exception as error:
            logger.exception("The %s could not be made", _name(export))
            self._try_later(export, f"It could not be read on the server ({type(error).__name__})")

    def _copy(self, export: Export, runner: Runner) -> None:
        with self._file(export, runner) as path:
            place = place_of(self.settings.export_url)
            name = f"{run_name(runner)}/{file_name(runner, str(export.form))}"
            size = path.stat().st_size
            self._put(export, path, name)
            self.store.exports.settle_stored(export, place.url(name), size)

    @contextmanager
    def _file(self, export: Export, runner: Runner) -> Iterator[Path]:
        """The file to copy. Raises NoRows, or NotReady while it is being made."""
        if export.form is ExportForm.PARQUET:
            with dataset(self.downloads, runner) as table:
                yield table.path
            return
        folder = folder_of(runner)
        if runner.files_removed_at or not folder.has_whole_result(runner.asin_count):
            raise NoRows(runner)
        yield folder.rows

    def _put(self, export: Export, path: Path, name: str) -> None:
        """Copy a file and hold the claim meanwhile. Raises NotStored, or _ClaimLost."""
        lease, begun = self.settings.notice_lease, time.monotonic()
        copying = in_daemon_thread(place_of(self.settings.export_url).put, path, name)
        while not wait([copying], timeout=lease / 3).done:
            if time.monotonic() - begun > _LONGEST_COPY:
                raise NotStored("The copy took longer than an hour")
            if not self.store.exports.hold(export, lease):
                raise _ClaimLost
        copying.result()

    def _try_later(self, export: Export, said: str) -> None:
        pause = min(_FIRST_PAUSE * 2 ** (export.tries - 1), _LONGEST_PAUSE)
        logger.warning("The %s is tried again in %s s: %s", _name(export), pause, said)
        self.store.exports.postpone(export, pause, said)


def _name(export: Export) -> str:
    return f"copy of the {export.form} file of runner {export.runner}"
