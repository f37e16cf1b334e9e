"""``make serve``: runs Scrapyd, the API and the watcher until Ctrl-C.

In a cluster, ``make serve-node`` runs Scrapyd alone, and ``make serve-api`` the API and the
watcher. It first checks what they need, and prints one sentence if something is missing. The
services stop when this process exits, in whatever way; under ``make`` this process stops when make
exits.
"""

import argparse
import importlib
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import honcho.manager
from filelock import FileLock, Timeout
from honcho.command import main as start
from honcho.process import Process

from api.accounts.logins import Accounts
from api.config import Settings, api_port
from api.store import Store, StoreError
from category_crawler.daemon.address import console, password_file, scrapyd_address, scrapyd_port
from category_crawler.daemon.capacity import poll_interval, slots_per_core
from category_crawler.environment import without_secrets
from category_crawler.files.home import (
    PROJECT,
    cookies_folder,
    home,
    logs_folder,
    results_folder,
    var_folder,
)
from category_crawler.process_watch import PARENT, exit_with_parent, has_exited

PATIENCE = 10
"""Seconds in which the programs may stop by themselves; each needs at most five."""
FOLDERS = (cookies_folder, results_folder, var_folder)
PARTS = {"all": ("scrapyd", "api", "watch"), "node": ("scrapyd",), "api": ("api", "watch")}
"""What may be served, and the programs of each, by their names in the Procfile."""


class CannotServe(Exception):
    """Raised if the services cannot start; its text says why and what to do."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="?", choices=PARTS, default="all")
    programs = PARTS[parser.parse_args().part]
    try:
        Settings.load()
        _check_scrapyd()
        _check_folders()
        with _only_service():
            _check_ports(_ports(programs))
            _serve(programs)
    except (CannotServe, ValueError) as error:
        print(f"Cannot serve: {error}", file=sys.stderr)
        return 1
    return 0


def _ports(programs: Sequence[str]) -> dict[str, int]:
    """The ports of the programs, by the variables that name them."""
    ports = {"api": ("API_PORT", api_port), "scrapyd": ("SCRAPYD_PORT", scrapyd_port)}
    return {variable: port() for name, (variable, port) in ports.items() if name in programs}


def _serve(programs: Sequence[str]) -> None:
    _introduce(programs)
    _stop_with_the_terminal()
    exit_with_parent(PATIENCE)
    with _with_pid_file():
        _run_honcho(programs)


def _check_scrapyd() -> None:
    """Check what Scrapyd and its spiders would otherwise refuse later. Raises InvalidSetting."""
    # It checks settings.toml while it is imported, and exits where that is wrong.
    importlib.import_module("category_crawler.settings")
    slots_per_core()
    poll_interval()


def _check_folders() -> None:
    try:
        for folder in FOLDERS:
            folder().mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder()):
                pass
    except OSError as error:
        raise CannotServe(
            f"the folder {error.filename} cannot be written ({error.strerror}): "
            "name another home with CATEGORY_CRAWLER_HOME"
        ) from None


def _check_ports(ports: dict[str, int]) -> None:
    if len(set(ports.values())) < len(ports):
        raise CannotServe(f"{' and '.join(ports)} are the same: name two ports")
    hosts = {"SCRAPYD_PORT": scrapyd_address()}
    for variable, port in ports.items():
        host = hosts.get(variable, "127.0.0.1")
        error = _why_taken(host, port)
        if error and _was_killed():
            error = _why_still_taken(host, port)
        if error:
            raise CannotServe(
                f"port {port} cannot be opened ({error}): name another with {variable}"
            )


def _why_taken(host: str, port: int) -> str:
    """Why a port cannot be opened; empty if it can."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return str(error.strerror)
    return ""


def _why_still_taken(host: str, port: int) -> str:
    """The same, after waiting for the programs of a killed service to stop."""
    print(
        f"The last service was killed; waiting for its programs to free port {port} …", flush=True
    )
    deadline = time.monotonic() + 1.5 * PATIENCE
    while (error := _why_taken(host, port)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return error


def _pid_file() -> Path:
    """The file with the PID of the process that serves this home; it stays if that was killed."""
    return var_folder() / "serve.pid"


def _was_killed() -> bool:
    try:
        return has_exited(int(_pid_file().read_text()))
    except (OSError, ValueError, OverflowError):
        return False


@contextmanager
def _only_service() -> Iterator[None]:
    """Keep others from serving this home. Raises CannotServe if another process serves it."""
    lock = FileLock(var_folder() / "serve.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise CannotServe(
            f"process {_server()} already serves the home {home()}: stop that one first, or name "
            "another home with CATEGORY_CRAWLER_HOME"
        ) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _with_pid_file() -> Iterator[None]:
    _pid_file().write_text(str(os.getpid()))
    try:
        yield
    finally:
        _pid_file().unlink(missing_ok=True)


def _server() -> str:
    """The PID of the process that serves this home, as text."""
    with suppress(OSError):
        return _pid_file().read_text()
    return "(unknown)"


def _introduce(programs: Sequence[str]) -> None:
    if "api" in programs:
        address = f"http://127.0.0.1:{api_port()}"
        print(f"API       {address}/api/v1, described at {address}/docs")
    if "scrapyd" in programs:
        scrapyd = console()
        print(f"Console   {scrapyd.url}/, user {scrapyd.username}, password in {password_file()}")
    print(f"Home      {home()}; job logs in {logs_folder()}")
    if "api" in programs:
        print(f"Pages     {_pages()}")
        print(f"New user  {_command()} users create you@example.org")
    print("Ctrl-C stops everything.", flush=True)


def _command() -> str:
    """How the operator's commands are called for this home."""
    named = os.environ.get("CATEGORY_CRAWLER_HOME")
    where = f"CATEGORY_CRAWLER_HOME={shlex.quote(str(home()))} " if named else ""
    return f"{where}.venv/bin/flask --app api"


def _pages() -> str:
    """Where people look at it; while there is no user, a link that makes the first one."""
    settings = Settings.load()
    try:
        store = Store(var_folder() / "api.db")
        accounts = Accounts(store, settings)
        link = "" if store.users.is_any() else accounts.address_of(accounts.new_link(None))
        store.close()
    except StoreError:
        # The API says why the database cannot be used.
        return settings.address
    return f"{link} (makes the first user, once)" if link else settings.address


def _stop_with_the_terminal() -> None:
    """Stop everything when the terminal is closed, unless started with nohup.

    Honcho handles only SIGINT and SIGTERM; SIGHUP would kill it and leave its programs running.
    """
    honcho = os.getpid()

    def stop(_number: int, _frame: FrameType | None) -> None:
        # The terminal is closed; writing to it would fail.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.dup2(nowhere, sys.stderr.fileno())
        os.kill(honcho, signal.SIGTERM)

    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, stop)


class Program(Process):  # type: ignore[misc]
    """Honcho's process that runs a program and passes on its output.

    It outlives this script and the program, and kills the program if necessary.
    """

    def __init__(self, cmd: str, **options: Any) -> None:
        # With exec the program replaces the shell, so it leads the process group of its spiders.
        if str(options.get("name", "")).startswith("scrapyd"):
            # The password of the mail server is no business of spiders and browsers.
            options["env"] = without_secrets(options.get("env") or os.environ)
        super().__init__(f"exec {cmd}", **options)

    def run(self, *words: Any, **options: Any) -> None:
        # Watch this script too; the program may block while nobody reads its output.
        threading.Thread(target=self._exit_after_script, daemon=True).start()
        super().run(*words, **options)

    def _exit_after_script(self) -> None:
        has_exited(int(os.environ[PARENT]), within=None)
        if self._child is not None:
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(PATIENCE)
            with suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)
        os._exit(1)


def _run_honcho(programs: Sequence[str]) -> None:
    os.chdir(PROJECT)
    folder = Path(sys.executable).parent
    os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"
    os.environ[PARENT] = str(os.getpid())
    # Honcho has no setting for the class of its processes.
    honcho.manager.Process = Program
    start(["start", *programs])


if __name__ == "__main__":
    sys.exit(main())
