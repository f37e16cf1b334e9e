"""A TCP proxy in front of the engine, which cuts connections, or holds everything up."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass(slots=True)
class Cut:
    """Passes everything on, except answers that match :attr:`marker`."""

    port: int
    marker: bytes = b""
    """Once an answer matches this regular expression, the connection is cut instead."""
    times: int = 0
    """How many answers are still to be dropped."""
    dropped: list[bytes] = field(default_factory=list)
    _is_open: threading.Event = field(default_factory=threading.Event)

    def part(self) -> None:
        """Hold everything up, as a network that is down: nothing arrives, nothing is closed."""
        self._is_open.clear()

    def join(self) -> None:
        """Let everything pass again, beginning with what was held up."""
        self._is_open.set()

    def wait(self) -> None:
        """Wait until things may pass."""
        self._is_open.wait()


@contextmanager
def cutting(server_port: int) -> Iterator[Cut]:
    """Run the proxy in front of a server of this machine."""
    door = socket.create_server(("127.0.0.1", 0))
    cut = Cut(door.getsockname()[1])
    cut.join()

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = door.accept()
                threading.Thread(
                    target=_pass_on, args=(cut, client, server_port), daemon=True
                ).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield cut
    finally:
        cut.join()
        door.close()


def _pass_on(cut: Cut, client: socket.socket, server_port: int) -> None:
    try:
        server = socket.create_connection(("127.0.0.1", server_port))
    except OSError:
        client.close()
        return
    asking = threading.Thread(target=_copy, args=(cut, client, server), daemon=True)
    asking.start()
    _copy(cut, server, client, is_answer=True)


def _copy(
    cut: Cut, source: socket.socket, target: socket.socket, *, is_answer: bool = False
) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            cut.wait()
            if is_answer and cut.times and re.search(cut.marker, piece):
                cut.times -= 1
                cut.dropped.append(piece)
                break
            target.sendall(piece)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
