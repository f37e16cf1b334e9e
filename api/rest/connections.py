"""Waitress with limits, so that slow, idle or oversized clients cannot lock others out.

Its own error answers (malformed, too large, too slow) have the API's envelope and headers.
"""

import logging
import socket
import time
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, WSGITask
from waitress.utilities import BadRequest, RequestEntityTooLarge

from api.rest.envelope import LARGEST_BODY, enveloped
from api.rest.guards import headers_of_refusal
from api.rest.problem import SENTENCES

logger = logging.getLogger(__name__)

LARGEST_HEADERS = 32 * 1024
"""Bytes of a request's first line and headers."""
_REQUEST_SECONDS = 30.0
"""Most time between the first and the last byte of a request."""
_LINGER_SECONDS = 2.0
_LINGER_BYTES = 1024 * 1024
"""Limits on reading from a client after a refusal, so that it can read the answer."""
_TURN_BYTES = 1024 * 1024
"""Most bytes sent to one client before other clients are served."""
_SPARE = 3
"""Connections kept free for new clients."""
_SENTENCES = {
    408: f"The request did not come whole within {_REQUEST_SECONDS:.0f} s: send it again",
    431: f"The headers are larger than {LARGEST_HEADERS // 1024} KiB",
    501: "The body must come as it is or chunked, in no other Transfer-Encoding",
}


class RequestTimeout(BadRequest):
    """Raised if a request is not complete in time."""

    code = 408
    reason = "Request Timeout"


class Request(HTTPRequestParser):
    """A request being received; refused as soon as it is known to be too large.

    Pipelined requests are not served: the connection closes after the first answer, and the client
    sends the rest again on a new connection (RFC 9112, 9.3.2). Otherwise a thread would wait until
    the client has read the first answer.
    """

    path = ""
    error: Any = None
    is_pipelined = False

    def __init__(self, adj: Any) -> None:
        super().__init__(adj)
        self.began_at = time.time()

    def received(self, data: bytes) -> int:
        consumed: int = super().received(data)
        if self.error is None and self._body_size > LARGEST_BODY:
            self.error = RequestEntityTooLarge("")
            self.completed = True
        if self.error is not None:
            # Otherwise a client that sent Expect would be told to continue.
            self.expect_continue = False
        elif self.completed and not self.empty and data[consumed:].strip():
            self.is_pipelined = True
            self.headers["CONNECTION"] = "close"
            return len(data)
        return consumed

    @property
    def _body_size(self) -> int:
        """The larger of Content-Length and the bytes received."""
        announced: int = self.content_length
        return announced if self.body_rcv is None else max(announced, len(self.body_rcv))


class Answer(WSGITask):
    """The response to a request."""

    chunked_response: bool = False

    def finish(self) -> None:
        # HEAD has no body, so it has no last chunk.
        self.chunked_response = self.chunked_response and self.request.command != "HEAD"
        self.channel.lingers = self.request.is_pipelined
        super().finish()


class Refusal(ErrorTask):
    """The response to a request that is refused before it reaches the application."""

    def execute(self) -> None:
        self.channel.lingers = True
        error = self.request.error
        logger.info("Refused a request from %s: %d", self.channel.addr[0], error.code)
        status = HTTPStatus(200 if self.channel.server.always_http_200 else error.code)
        self.status = f"{status.value} {status.phrase}"
        self.response_headers.extend(headers_of_refusal().items())
        body = enveloped(error.code, _sentence(error), 0)
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Connection(HTTPChannel):
    """One client's connection."""

    parser_class = Request
    task_class = Answer
    error_task_class = Refusal

    request: Any = None
    lingers = False
    """Whether the client may still be sending when the connection is closed."""
    _lingers_since = 0.0
    _lingered_bytes = 0
    _turn_bytes = 0

    @property
    def is_busy(self) -> bool:
        """Whether a thread serves one of its requests."""
        return bool(self.requests)

    @property
    def waits_since(self) -> float:
        """Time of the latest activity: of an answer, or of the first byte of a request."""
        request = self.request
        return float(self.last_activity if request is None else request.began_at)

    @property
    def is_sending(self) -> bool:
        """Whether the client has not read all of the answer."""
        return bool(self.total_outbufs_len)

    def end_slow_request(self, now: float) -> None:
        """Refuse a request that is not complete in time."""
        with self.requests_lock:
            request = self.request
            if request is None or now - request.began_at < _REQUEST_SECONDS or self.requests:
                return
            request.error = RequestTimeout("")
            request.completed = True
            request.expect_continue = False
            self.request = None
            self.requests.append(request)
            self.server.add_task(self)

    def hang_up(self) -> None:
        """Close the connection at once."""
        self.will_close = True
        # Otherwise the main loop would wait until the client reads.
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def is_overdue(self, now: float) -> bool:
        """Whether a timeout has passed: after a refusal, while idle, or while sending an answer."""
        if self._lingers_since:
            return now - self._lingers_since > _LINGER_SECONDS
        return not self.is_busy and now - self.last_activity > self.adj.channel_timeout

    def received(self, data: bytes) -> bool:
        if not self._lingers_since:
            return bool(super().received(data))
        self._lingered_bytes += len(data)
        if self._lingered_bytes > _LINGER_BYTES:
            self.hang_up()
        return False

    def handle_close(self) -> None:
        """Close the connection; linger first if the client may still be sending.

        The kernel would discard the answer if the connection were closed at once.
        """
        if self.lingers and self.will_close and self.connected and not self._lingers_since:
            self._lingers_since = time.time()
            self.will_close = False
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)
                return
        super().handle_close()

    def _flush_some(self, do_close: bool = True) -> bool:
        self._turn_bytes = 0
        return bool(super()._flush_some(do_close))

    def send(self, data: bytes, do_close: bool = True) -> int:
        """Send as much as the socket takes, up to one turn's limit."""
        if self._turn_bytes >= _TURN_BYTES:
            return 0
        sent: int = super().send(data, do_close)
        self._turn_bytes += sent
        return sent


class Server(TcpWSGIServer):
    """A WSGI server that closes the longest idle connection when it reaches its limit."""

    channel_class = Connection

    def __init__(self, application: Any, adj: Any, *, always_http_200: bool = False) -> None:
        super().__init__(application, map={}, adj=adj)
        self.always_http_200 = always_http_200

    def readable(self) -> bool:
        # The map counts the server's own socket, too.
        excess = len(self._map) + _SPARE - self.adj.connection_limit
        if excess > 0:
            self._make_room(excess)
        return bool(super().readable())

    def maintenance(self, now: float) -> None:
        """Close connections that have timed out: slow requests, unread answers, idle ones."""
        for channel in list(self.active_channels.values()):
            channel.end_slow_request(now)
            if channel.is_overdue(now):
                channel.hang_up()

    def _make_room(self, places: int) -> None:
        idle = [channel for channel in self.active_channels.values() if not channel.is_busy]
        idle.sort(key=lambda channel: (channel.is_sending, channel.waits_since))
        for channel in idle[:places]:
            channel.hang_up()


def _sentence(error: Any) -> str:
    """The message for the client, without the malformed header: it may hold a secret."""
    why = error.body.partition(' "')[0]
    known = SENTENCES.get(error.code) or _SENTENCES.get(error.code)
    return known or f"This is not HTTP that can be read: {why}"
