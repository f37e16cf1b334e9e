"""Runs the service's programs side by side; if one ends, the others are stopped."""

import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from honcho.manager import Manager
from honcho.printer import Printer
from honcho.process import Process

from api.serving.part import Program
from category_crawler.checkout import PROJECT
from category_crawler.environment import without_secrets
from category_crawler.log_lines import is_json
from category_crawler.process_watch import PARENT, has_exited

PATIENCE = 10
"""Seconds in which the programs may stop by themselves; each needs at most five."""
_WORDS = {
    Program.SCRAPYD: ("category_crawler.daemon",),
    Program.API: ("flask", "--app", "api", "serve"),
    Program.WATCH: ("flask", "--app", "api", "watch"),
}


def command(program: Program) -> list[str]:
    """The command line of a program, to be run in the folder of the packages."""
    return [sys.executable, "-m", *_WORDS[program]]


def run(programs: Sequence[Program]) -> int:
    """Run them until a signal or until one ends. Returns the exit code."""
    os.environ[PARENT] = str(os.getpid())
    # A line of JSON bears nothing in front of it.
    manager = Manager(Printer(sys.stdout, prefix=not is_json()))
    # Honcho has no setting for the class of its processes.
    manager._process_ctor = Watched
    for program in programs:
        # The password of the mail server is no business of spiders and browsers.
        environment = without_secrets() if program is Program.SCRAPYD else dict(os.environ)
        # With exec the program replaces the shell, so it leads the process group of its spiders.
        line = f"exec {shlex.join(command(program))}"
        manager.add_process(program.value, line, env=environment, cwd=str(PROJECT))
    manager.loop()
    return int(manager.returncode or 0)


class Watched(Process):
    """Honcho's process that runs a program and passes on its output.

    It outlives this process and the program, and kills the program if necessary.
    """

    def run(self, *words: Any, **options: Any) -> None:
        # Watch the service too; the program may block while nobody reads its output.
        threading.Thread(target=self._exit_after_service, daemon=True).start()
        super().run(*words, **options)

    def _exit_after_service(self) -> None:
        has_exited(int(os.environ[PARENT]), within=None)
        if self._child is not None:
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(PATIENCE)
            with suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)
        os._exit(1)
