"""A TCP proxy in front of the engine that cuts connections off before chosen answers."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass(slots=True)
class Cut:
    """Passes everything on, except answers that contain :attr:`marker`."""

    port: int
    marker: bytes = b""
    """Once an answer contains it, the connection is cut instead; empty: never."""
    times: int = 0
    """How many answers are still to be dropped."""
    dropped: list[bytes] = field(default_factory=list)


@contextmanager
def cutting(server_port: int) -> Iterator[Cut]:
    """Run the proxy in front of a server of this machine."""
    door = socket.create_server(("127.0.0.1", 0))
    cut = Cut(door.getsockname()[1])

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
        door.close()


def _pass_on(cut: Cut, client: socket.socket, server_port: int) -> None:
    try:
        server = socket.create_connection(("127.0.0.1", server_port))
    except OSError:
        client.close()
        return
    asking = threading.Thread(target=_copy, args=(client, server, None), daemon=True)
    asking.start()
    _copy(server, client, cut)


def _copy(source: socket.socket, target: socket.socket, cut: Cut | None) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            if cut is not None and cut.times and cut.marker in piece:
                cut.times -= 1
                cut.dropped.append(piece)
                break
            target.sendall(piece)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
