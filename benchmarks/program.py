"""A program of the service as a process of its own, to be killed and started again."""

import re
import signal
import subprocess
from pathlib import Path

from api.serving import part, programs
from category_crawler.checkout import PROJECT

_PARTING_SECONDS = 10


class Program:
    """One of the service's programs, by its name there; its output goes to a file."""

    def __init__(
        self, name: str, environment: dict[str, str], log: Path, folder: Path = PROJECT
    ) -> None:
        self.name = name
        self.folder = folder
        """The checkout that it is started from."""
        self._command = programs.command(part.Program(name))
        self._environment = environment
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What it was, or will be, started with."""
        return self._environment

    @property
    def number(self) -> int | None:
        """Of its process; None before it was started."""
        return None if self._process is None else self._process.pid

    @property
    def tracebacks(self) -> int:
        """How many its log holds."""
        return self._log.read_bytes().count(b"Traceback (most recent call last)")

    def said(self, pattern: str) -> list[str]:
        """What a pattern with one group finds in its log."""
        return re.findall(pattern, self._log.read_text(errors="replace"))

    def start(self) -> None:
        """Start it, and do not wait until it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self.folder,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        """Kill it, and none of its children."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def end(self) -> None:
        """Ask it to end, and kill it where it does not."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_PARTING_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
