"""``make serve``: Scrapyd, the API and the watcher together, until Ctrl-C.

What would keep them from starting is found out before anything is started, and told in one
sentence. They end with this process, however it ends; under ``make`` this process ends with that.
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import honcho.manager
from honcho.command import main as start
from honcho.process import Process

from api.config import Settings, api_port
from category_crawler.daemon.address import console, password_file, scrapyd_port
from category_crawler.files.home import PROJECT, home, var_folder
from category_crawler.process_watch import PARENT, end_with_parent, has_ended

PATIENCE = 10
"""Seconds for which the programs may end by themselves; each takes five at most."""
FOLDERS = ("cookies", "results", "var")


class CannotServe(Exception):
    """Raised if something stands in the way; its text says what, and what to do."""


def main() -> int:
    argparse.ArgumentParser(description=__doc__).parse_args()
    try:
        Settings.load()
        _check_folders()
        ports = {"API_PORT": api_port(), "SCRAPYD_PORT": scrapyd_port()}
        _check_ports(ports)
    except (CannotServe, ValueError) as error:
        print(f"Cannot serve: {error}", file=sys.stderr)
        return 1
    _introduce(ports["API_PORT"])
    _end_with_the_terminal()
    end_with_parent(PATIENCE)
    with _noted():
        _run_honcho()
    return 0


def _check_folders() -> None:
    try:
        for name in FOLDERS:
            (home() / name).mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=home() / name):
                pass
    except OSError as error:
        raise CannotServe(
            f"the folder {error.filename} cannot be written ({error.strerror}): "
            "name another home with CATEGORY_CRAWLER_HOME"
        ) from None


def _check_ports(ports: dict[str, int]) -> None:
    if len(set(ports.values())) < len(ports):
        raise CannotServe(f"{' and '.join(ports)} are the same: name two ports")
    for variable, port in ports.items():
        error = _why_taken(port)
        if error and _was_killed():
            error = _why_still_taken(port)
        if error:
            raise CannotServe(
                f"port {port} cannot be opened ({error}): name another with {variable}"
            )


def _why_taken(port: int) -> str:
    """Why a port cannot be opened; empty where it can."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return str(error.strerror)
    return ""


def _why_still_taken(port: int) -> str:
    """The same, after the programs of a service that was killed have had their time to end."""
    print(
        f"The last service was killed; waiting for its programs to free port {port} …", flush=True
    )
    deadline = time.monotonic() + 1.5 * PATIENCE
    while (error := _why_taken(port)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return error


def _number_file() -> Path:
    """Holds the number of the process that serves this home; it goes unless that one is killed."""
    return var_folder() / "serve.pid"


def _was_killed() -> bool:
    try:
        return has_ended(int(_number_file().read_text()))
    except (OSError, ValueError, OverflowError):
        return False


@contextmanager
def _noted() -> Iterator[None]:
    _number_file().write_text(str(os.getpid()))
    try:
        yield
    finally:
        _number_file().unlink(missing_ok=True)


def _introduce(port: int) -> None:
    door = console()
    print(f"API       http://127.0.0.1:{port}/api/v1, to read at http://127.0.0.1:{port}/docs")
    print(f"Console   {door.url}/, user {door.username}, password in {password_file()}")
    print(f"Home      {home()}; logs of jobs in {var_folder() / 'logs'}")
    print("A user    .venv/bin/flask --app api users create you@example.org")
    print("Ctrl-C ends all of it.", flush=True)


def _end_with_the_terminal() -> None:
    """Have a terminal that is closed end all of it, unless nohup says otherwise.

    Honcho knows INT and TERM only: by itself it would die of HUP and leave its programs running.
    """
    honcho = os.getpid()

    def end(_number: int, _frame: FrameType | None) -> None:
        # Another word to the terminal would be an error.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.dup2(nowhere, sys.stderr.fileno())
        os.kill(honcho, signal.SIGTERM)

    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, end)


class Program(Process):  # type: ignore[misc]
    """Honcho's process around a program, which passes on what that prints.

    It ends after this script and the program, which it ends by force if need be.
    """

    def __init__(self, cmd: str, **options: Any) -> None:
        # The shell makes way for the program, which then leads the group and can tell its spiders.
        super().__init__(f"exec {cmd}", **options)

    def run(self, *words: Any, **options: Any) -> None:
        # Not after the program alone: what it printed last waits for somebody to read it.
        threading.Thread(target=self._end_after_script, daemon=True).start()
        super().run(*words, **options)

    def _end_after_script(self) -> None:
        has_ended(int(os.environ[PARENT]), within=None)
        if self._child is not None:
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(PATIENCE)
            with suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)
        os._exit(1)


def _run_honcho() -> None:
    os.chdir(PROJECT)
    programs = Path(sys.executable).parent
    os.environ["PATH"] = f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"
    os.environ[PARENT] = str(os.getpid())
    # Honcho has no other place to name a class for its processes.
    honcho.manager.Process = Program
    start(["start"])


if __name__ == "__main__":
    sys.exit(main())
