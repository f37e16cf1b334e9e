"""Waitress with limits: no client that holds on, says little or too much keeps others out.

What it answers by itself (to a request that is malformed, too large or too slow) is the API's
envelope, with the same headers as every other answer.
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

from api.rest.envelope import LARGEST_BODY, SENTENCES, enveloped
from api.rest.guards import headers_of_refusal

logger = logging.getLogger(__name__)

LARGEST_HEADERS = 32 * 1024
"""Bytes of a request's first line and headers."""
_REQUEST_SECONDS = 30.0
"""From the first byte of a request to its last one."""
_PARTING_SECONDS = 2.0
_PARTING_BYTES = 1024 * 1024
"""What a client may still send while it is told that its request is refused."""
_TURN_BYTES = 1024 * 1024
"""Sent to one client before others have their turn."""
_SPARE = 3
"""Places that are kept free for new connections."""
_SENTENCES = {
    408: f"The request did not come whole within {_REQUEST_SECONDS:.0f} s: send it again",
    431: f"The headers are larger than {LARGEST_HEADERS // 1024} KiB",
    501: "The body must come as it is or chunked, in no other Transfer-Encoding",
}


class RequestTimeout(BadRequest):
    """A request did not come to its end in time."""

    code = 408
    reason = "Request Timeout"


class Request(HTTPRequestParser):
    """A request on its way in: refused as soon as it is known to be too large.

    One that others follow without waiting for its answer (pipelining) is the last of its
    connection: the client sends the others again on a new one, as RFC 9112, 9.3.2 has it. Else a
    thread would wait until the client has read the first answer.
    """

    path = ""
    error: Any = None
    others_follow = False

    def __init__(self, adj: Any) -> None:
        super().__init__(adj)
        self.began_at = time.time()

    def received(self, data: bytes) -> int:
        consumed: int = super().received(data)
        if self.error is None and self._body_size > LARGEST_BODY:
            self.error = RequestEntityTooLarge("")
            self.completed = True
        if self.error is not None:
            # Else a client that asks would be told to go on.
            self.expect_continue = False
        elif self.completed and not self.empty and data[consumed:].strip():
            self.others_follow = True
            self.headers["CONNECTION"] = "close"
            return len(data)
        return consumed

    @property
    def _body_size(self) -> int:
        """What is announced, or has come, whichever is more."""
        announced: int = self.content_length
        return announced if self.body_rcv is None else max(announced, len(self.body_rcv))


class Answer(WSGITask):
    """A request's answer."""

    chunked_response: bool = False

    def finish(self) -> None:
        # The end of a body that HEAD does not have.
        self.chunked_response = self.chunked_response and self.request.command != "HEAD"
        self.channel.hears_out = self.request.others_follow
        super().finish()


class Refusal(ErrorTask):
    """The answer to a request that no application sees."""

    def execute(self) -> None:
        self.channel.hears_out = True
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
    hears_out = False
    """Whether its client may still be sending what nobody wants when it is closed."""
    _parting_since = 0.0
    _parting_bytes = 0
    _turn_bytes = 0

    @property
    def is_busy(self) -> bool:
        """Whether a thread works for it."""
        return bool(self.requests)

    @property
    def waits_since(self) -> float:
        """When its client last got on: with an answer, or with the beginning of a request."""
        request = self.request
        return float(self.last_activity if request is None else request.began_at)

    @property
    def is_sending(self) -> bool:
        """Whether its client still has to read."""
        return bool(self.total_outbufs_len)

    def end_slow_request(self, now: float) -> None:
        """Refuse a request that has been on its way for too long."""
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
        """End the connection whatever its client does."""
        self.will_close = True
        # Else the main loop would wait until the client reads.
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def is_overdue(self, now: float) -> bool:
        """Whether its client has had its time: to hear a refusal, to go on reading, or to ask."""
        if self._parting_since:
            return now - self._parting_since > _PARTING_SECONDS
        return not self.is_busy and now - self.last_activity > self.adj.channel_timeout

    def received(self, data: bytes) -> bool:
        if not self._parting_since:
            return bool(super().received(data))
        self._parting_bytes += len(data)
        if self._parting_bytes > _PARTING_BYTES:
            self.hang_up()
        return False

    def handle_close(self) -> None:
        """Close; where the client may still be sending, only once it has had time to read.

        The system would throw the answer away if the connection were closed at once.
        """
        if self.hears_out and self.will_close and self.connected and not self._parting_since:
            self._parting_since = time.time()
            self.will_close = False
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)
                return
        super().handle_close()

    def _flush_some(self, do_close: bool = True) -> bool:
        self._turn_bytes = 0
        return bool(super()._flush_some(do_close))

    def send(self, data: bytes, do_close: bool = True) -> int:
        """Send what the client takes, up to one turn's share."""
        if self._turn_bytes >= _TURN_BYTES:
            return 0
        sent: int = super().send(data, do_close)
        self._turn_bytes += sent
        return sent


class Server(TcpWSGIServer):
    """Serves an application. At its limit it ends the connection that has waited longest."""

    channel_class = Connection

    def __init__(self, application: Any, adj: Any, *, always_http_200: bool = False) -> None:
        super().__init__(application, map={}, adj=adj)
        self.always_http_200 = always_http_200

    def readable(self) -> bool:
        # The server is among those whom it counts.
        excess = len(self._map) + _SPARE - self.adj.connection_limit
        if excess > 0:
            self._make_room(excess)
        return bool(super().readable())

    def maintenance(self, now: float) -> None:
        """End what takes too long: requests on their way, answers nobody reads, silence."""
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
    """What a client is told; a header line that cannot be read may hold a secret."""
    why = error.body.partition(' "')[0]
    known = SENTENCES.get(error.code) or _SENTENCES.get(error.code)
    return known or f"This is not HTTP that can be read: {why}"
