"""A real store with S3's interface, rclone's, which keeps its objects as files; for tests."""

import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tests.api.services import free_port
from tests.waiting import until

BUCKET = "shop-data"
KEY, SECRET = "EXPORTERKEY0001", "s3cret/of+the/exporter"
_PROGRAM = Path(sys.executable).parent / "rclone"


class ObjectStore:
    """The server, and the folder that has a folder for each bucket."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.bucket = folder / BUCKET
        self.bucket.mkdir(parents=True)
        self.start()

    def start(self) -> None:
        """Start the server, and wait until it can be reached."""
        self._process = subprocess.Popen(
            [
                *(_PROGRAM, "serve", "s3", "--config=", "--addr", f"127.0.0.1:{self.port}"),
                *("--auth-key", f"{KEY},{SECRET}", self.folder),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(self._is_reached, bool)

    def _is_reached(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def freeze(self) -> None:
        """Let it answer nothing; connections to it stay open."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it answer again."""
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which a client finds it and is let in."""
        return {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_DEFAULT_REGION": "us-east-1",
            # No file of the machine's user, and no service of the machine.
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def objects(self) -> dict[str, bytes]:
        """What is in the bucket, by name."""
        found = [path for path in self.bucket.rglob("*") if path.is_file()]
        return {str(path.relative_to(self.bucket)): path.read_bytes() for path in found}
