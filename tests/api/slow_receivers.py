"""Receivers of notices that take for ever: real servers that send a byte now and then."""

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain, repeat
from socket import SHUT_RDWR, create_server, socket

Talk = Callable[[socket], None]

_PAUSE = 0.05
_ENOUGH = 600
"""Bytes after which a server hangs up, so that a client who would wait for ever fails a test."""

GREETING = b"220 mail.example.org\r\n"


@contextmanager
def slow_server(talk: Talk) -> Iterator[int]:
    """The port of a server that talks so with every client, each in a thread of its own."""
    threads: list[threading.Thread] = []
    connections: list[socket] = []

    def serve(connection: socket) -> None:
        # The client leaves in the middle of it.
        with connection, suppress(OSError):
            talk(connection)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                connections.append(connection.dup())
                threads.append(threading.Thread(target=serve, args=(connection,)))
                threads[-1].start()

    with create_server(("127.0.0.1", 0)) as listening:
        threads.append(threading.Thread(target=accept))
        threads[0].start()
        try:
            yield listening.getsockname()[1]
        finally:
            # Unlike close, this wakes the threads that wait for something.
            for one in (listening, *connections):
                with suppress(OSError):
                    one.shutdown(SHUT_RDWR)
                one.close()
    for thread in threads:
        thread.join()


def drip(connection: socket, start: bytes, unit: bytes = b"a") -> None:
    """Send the start, then the unit byte by byte."""
    connection.sendall(start)
    for byte in list(chain.from_iterable(repeat(unit, _ENOUGH // len(unit)))):
        time.sleep(_PAUSE)
        connection.sendall(bytes([byte]))


def silent(connection: socket) -> None:
    """Say nothing until the client leaves."""
    connection.settimeout(_PAUSE * _ENOUGH)
    while connection.recv(4096):
        pass


def handshake(connection: socket) -> None:
    """Begin a TLS record and send it byte by byte."""
    connection.recv(4096)
    drip(connection, b"\x16\x03\x03\x40\x00", b"\x02\x00\x3f\xfc")


def over_tls(context: ssl.SSLContext, start: bytes, unit: bytes = b"a") -> Talk:
    """Read a request, then send an answer byte by byte."""

    def talk(connection: socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(4096)
            drip(secure, start, unit)

    return talk


def smtp_until(command: bytes, *capabilities: bytes, then: Talk | None = None) -> Talk:
    """Serve SMTP quickly until a command, and answer that one byte by byte, or as ``then`` does."""

    def talk(connection: socket) -> None:
        connection.sendall(GREETING)
        lines = connection.makefile("rb")
        is_data = False
        while line := lines.readline():
            if is_data and line != b".\r\n":
                continue
            is_data = line.upper().startswith(b"DATA")
            if line.upper().startswith(command):
                return (then or _dripping)(connection)
            connection.sendall(_answer(line, capabilities))
        return None

    return talk


def _answer(line: bytes, capabilities: tuple[bytes, ...]) -> bytes:
    if line.upper().startswith(b"EHLO"):
        lines = [b"mail.example.org", *capabilities]
        marks = [b"250-"] * len(capabilities) + [b"250 "]
        return b"".join(mark + text + b"\r\n" for mark, text in zip(marks, lines, strict=True))
    return b"354 go on\r\n" if line.upper().startswith(b"DATA") else b"250 OK\r\n"


def _dripping(connection: socket) -> None:
    drip(connection, b"250-")


def start_tls_and_wait(connection: socket) -> None:
    """Agree to STARTTLS and never begin it."""
    connection.sendall(b"220 go on\r\n")
    silent(connection)
