"""The stand-in shop with the services of ``make serve`` over it, in a home of their own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests

from category_crawler.process_watch import PARENT

PROJECT = Path(__file__).resolve().parent.parent
START_SECONDS = 60
OURS = (sys.executable, "-m", "api")
"""The program ``category-crawler`` of this checkout."""


def environment_of(home: Path, of_shop: dict[str, str]) -> dict[str, str]:
    """The environment of services in a home, on free ports, that find the shop alone."""
    places = {"CATEGORY_CRAWLER_HOME": str(home)}
    ports = {"API_PORT": free_port(), "SCRAPYD_PORT": free_port()}
    return os.environ | of_shop | places | ports


def command(environment: dict[str, str], *words: str, line: str = "") -> str:
    """What ``flask --app api …`` prints; ``line`` is what it reads."""
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "api", *words],
        cwd=PROJECT,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        input=line,
        text=True,
        # Ctrl-C ends the script, which then ends everything in its order.
        start_new_session=True,
    ).stdout.strip()


@contextmanager
def services(
    environment: dict[str, str],
    *parts: str,
    program: Sequence[str] = OURS,
    log: Path | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run the services, or the part ``api`` of them, with their output in a file of the home."""
    log = log or Path(environment["CATEGORY_CRAWLER_HOME"]) / "serve.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [*program, "serve", *parts],
            cwd=PROJECT if program is OURS else log.parent,
            env=environment | {PARENT: str(os.getpid())},
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_for(f"http://127.0.0.1:{environment['API_PORT']}/healthz", process, log)
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    session = requests.Session()
    session.trust_env = False
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if session.get(address, timeout=5).ok:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"The services did not start:\n{log.read_text()}")


def free_port() -> str:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])
