"""``make serve``: Scrapyd, the API and the watcher together, until Ctrl-C.

What would keep them from starting is found out before anything is started, and told in one
sentence.
"""

import os
import signal
import socket
import sys
import tempfile
from pathlib import Path
from types import FrameType

from honcho.command import main as start

from api.config import Settings, api_port
from category_crawler.console import console, password_file, scrapyd_port
from category_crawler.home import PROJECT, home, var_folder

FOLDERS = ("cookies", "results", "var")


class CannotServe(Exception):
    """Raised if something stands in the way; its text says what, and what to do."""


def main() -> int:
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
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise CannotServe(
                    f"port {port} cannot be opened ({error.strerror}): name another with {variable}"
                ) from None


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


def _run_honcho() -> None:
    os.chdir(PROJECT)
    programs = Path(sys.executable).parent
    os.environ["PATH"] = f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"
    start(["start"])


if __name__ == "__main__":
    sys.exit(main())
