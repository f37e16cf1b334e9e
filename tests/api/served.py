"""The application under its own server, over real sockets, in threads of the test's process."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPResponse
from typing import Any

from flask import Flask
from waitress import wasyncore

from api.config import Settings
from api.rest.server import http_server
from tests.api.services import CATEGORY

LIST = f"{CATEGORY}/list/"


class Served:
    """A server that runs, and a key of one of its users."""

    def __init__(self, app: Flask, key: str, settings: Settings | None = None) -> None:
        self.key = key
        self._server = http_server(app, 0, settings)
        self.port = int(self._server.effective_port)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()

    @property
    def headers(self) -> dict[str, str]:
        """What a call of the user's needs."""
        return {"x-api-key": self.key, "Content-Type": "application/json"}

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._server.active_channels)

    def connect(self, receive_buffer: int = 0) -> socket.socket:
        """A connection; with a small buffer it takes little of what it is sent unread."""
        client = socket.socket()
        if receive_buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        client.settimeout(20)
        client.connect(("127.0.0.1", self.port))
        return client

    def begin(self, method: str, path: str, *headers: str) -> bytes:
        """The beginning of a request, without the empty line behind its headers."""
        lines = [f"{method} {path} HTTP/1.1", "Host: x", f"x-api-key: {self.key}", *headers]
        return "\r\n".join(lines).encode()

    def poll(self) -> int:
        """The status that one more client gets."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("POST", LIST, "{}", self.headers)
        status = connection.getresponse().status
        connection.close()
        return status

    def end(self) -> None:
        """End it, with every connection."""
        # Woken by a client in the same moment, it may have closed the trigger before it is pulled.
        with suppress(OSError):
            self._server.trigger.pull_trigger(lambda: wasyncore.close_all(self._server._map))
        self._thread.join()
        self._server.task_dispatcher.shutdown()


@contextmanager
def served(app: Flask, key: str, settings: Settings | None = None) -> Iterator[Served]:
    """Serve an application, until the context ends."""
    running = Served(app, key, settings)
    try:
        yield running
    finally:
        running.end()


def answer_to(client: socket.socket) -> tuple[HTTPResponse, Any]:
    """The next answer on a connection, and the JSON in it."""
    response = HTTPResponse(client)
    response.begin()
    return response, json.loads(response.read())
