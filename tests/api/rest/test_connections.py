"""Connections, over real sockets: who holds on, says little or sends too much stops nobody."""

import logging
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest
import requests
from flask import Flask

from api import create_app
from api.config import Settings
from api.rest import connections
from api.rest import server as http_server
from tests.api.served import LIST, Served, answer_to, served
from tests.api.services import Caller
from tests.crawls import Home
from tests.waiting import until

JSON = "Content-Type: application/json"
WHOLE = 64 * 1024


@pytest.fixture
def app(home: Home, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """An API that shares no address with others: tests add some."""
    monkeypatch.setenv("CATEGORY_CRAWLER_HOME", str(home.folder))
    return create_app(Settings(rate_limit=""))


@pytest.fixture
def server(app: Flask, alice: Caller) -> Iterator[Served]:
    with served(app, alice.key) as running:
        yield running


@pytest.fixture
def clients() -> Iterator[ExitStack]:
    """Closes the sockets that it is given."""
    with ExitStack() as stack:
        yield stack


def body_of(size: int) -> bytes:
    """JSON of so many bytes that `list` takes."""
    return b'{"x": "' + b"y" * (size - 9) + b'"}'


def chunked(body: bytes, size: int) -> bytes:
    pieces = [body[begin : begin + size] for begin in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@pytest.fixture
def no_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Who wants a temporary file finds no place for it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))


def test_three_hundred_idle_connections_hold_nobody_up(server: Served, clients: ExitStack) -> None:
    for _ in range(300):
        clients.enter_context(server.connect())
    assert server.poll() == 200


def test_two_hundred_clients_poll_every_second(server: Served) -> None:
    statuses: list[int] = []

    def poll() -> None:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
        for _ in range(3):
            connection.request("POST", LIST, "{}", server.headers)
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
            time.sleep(1)
        connection.close()

    crowd = [threading.Thread(target=poll) for _ in range(200)]
    for client in crowd:
        client.start()
    for client in crowd:
        client.join()
    assert statuses == [200] * 600


def test_at_the_limit_the_client_that_has_waited_longest_goes(
    app: Flask,
    alice: Caller,
    clients: ExitStack,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(http_server, "_MOST_CONNECTIONS", 20)
    with served(app, alice.key) as server:
        polite = HTTPConnection("127.0.0.1", server.port, timeout=20)
        idle = []
        for _ in range(60):
            idle.append(clients.enter_context(server.connect()))
            polite.request("POST", LIST, "{}", server.headers)
            assert polite.getresponse().read()
        assert server.poll() == 200
        assert polite.sock is not None, "its connection was kept"
        assert server.connections <= 20
        assert idle[0].recv(1) == b"", "the first has been ended"
        polite.close()
    assert "connection limit" not in caplog.text


def test_at_the_limit_clients_that_trickle_go_too(
    app: Flask, alice: Caller, clients: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_server, "_MOST_CONNECTIONS", 20)
    with served(app, alice.key) as server:
        slow = [clients.enter_context(server.connect()) for _ in range(40)]
        for piece in (b"POST / HT", b"TP/1.1\r\n", b"a: b\r\n"):
            for client in slow:
                with suppress(OSError):
                    client.sendall(piece)
            assert server.poll() == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("size", [WHOLE + 1, 10**9, 10**30])
def test_too_large_a_body_is_refused_before_it_comes(
    server: Served, no_disk: None, method: str, size: int
) -> None:
    with server.connect() as client:
        client.sendall(server.begin(method, LIST, JSON, f"Content-Length: {size}", "", ""))
        response, envelope = answer_to(client)
        assert response.status == 413
        assert envelope == {"code": 413, "data": "The body is larger than 64 KiB", "status": 0}
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Request-Id"]
        assert response.headers["Connection"] == "close"


def test_a_client_that_asks_whether_to_go_on_is_told_not_to(server: Served) -> None:
    with server.connect() as client:
        asks = (JSON, f"Content-Length: {10**9}", "Expect: 100-continue", "", "")
        client.sendall(server.begin("POST", LIST, *asks))
        assert answer_to(client)[0].status == 413


def test_a_client_that_asks_whether_to_go_on_is_told_to(server: Served) -> None:
    with server.connect() as client:
        client.sendall(
            server.begin("POST", LIST, JSON, "Content-Length: 2", "Expect: 100-continue", "", "")
        )
        said = b"HTTP/1.1 100 Continue\r\n\r\n"
        assert client.recv(len(said), socket.MSG_WAITALL) == said
        client.sendall(b"{}")
        assert answer_to(client)[0].status == 200


@pytest.mark.parametrize("size", [WHOLE + 1, 300_000])
@pytest.mark.parametrize("in_chunks", [False, True])
def test_a_client_that_sends_all_of_it_hears_the_answer(
    server: Served, size: int, in_chunks: bool
) -> None:
    body = body_of(size)

    def pieces() -> Iterator[bytes]:
        for begin in range(0, size, 8000):
            yield body[begin : begin + 8000]
            # The server answers while the client still sends.
            time.sleep(0.005)

    with requests.Session() as session:
        session.trust_env = False
        url = f"http://127.0.0.1:{server.port}{LIST}"
        data = pieces() if in_chunks else body
        answer = session.post(url, data=data, headers=server.headers, timeout=20)
    assert (answer.status_code, answer.json()["code"]) == (413, 413)


def test_a_client_that_still_sends_is_heard_out_for_a_moment(server: Served) -> None:
    with server.connect() as client:
        client.sendall(server.begin("POST", LIST, JSON, "Content-Length: 300000", "", ""))
        client.sendall(b"x" * 100_000)
        assert answer_to(client)[0].status == 413
        client.sendall(b"x" * 100_000)
        # Not reset, which on some systems takes the answer away from the client.
        assert client.recv(1) == b""


def test_who_goes_on_sending_for_ever_is_cut_off(server: Served) -> None:
    with server.connect() as client:
        client.sendall(server.begin("POST", LIST, JSON, f"Content-Length: {10**9}", "", ""))
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            client.sendall(b"x" * 10**9)


@pytest.mark.parametrize("size", [2, 9000, WHOLE])
@pytest.mark.parametrize("chunk", [0, 1000, WHOLE])
def test_a_body_up_to_the_limit_is_read(
    server: Served, no_disk: None, size: int, chunk: int
) -> None:
    body = body_of(size) if size > 9 else b"{}"
    length = "Transfer-Encoding: chunked" if chunk else f"Content-Length: {size}"
    with server.connect() as client:
        client.sendall(server.begin("POST", LIST, JSON, length, "", ""))
        client.sendall(chunked(body, chunk) if chunk else body)
        assert answer_to(client)[0].status == 200


def test_chunks_beyond_the_limit_are_refused_while_they_come(server: Served, no_disk: None) -> None:
    with server.connect() as client:
        client.sendall(server.begin("POST", LIST, JSON, "Transfer-Encoding: chunked", "", ""))
        client.sendall(b"40000000\r\n" + b"x" * (WHOLE + 1))
        assert answer_to(client)[0].status == 413


@pytest.mark.parametrize(
    ("sent", "code", "word"),
    [
        (b"nonsense\r\n\r\n", 400, "Start line is invalid"),
        (b"GET / HTTP/1.1\r\nx-api-key secret\r\n\r\n", 400, "Invalid header"),
        (b"GET / HTTP/1.1\r\n x-api-key: secret\r\n\r\n", 400, "Malformed header line"),
        (b"GET / HTTP/1.1\r\na: b\rx-api-key: secret\r\n\r\n", 400, "CR or LF"),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400, "Content-Length"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "chunk size"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "Transfer-Encoding"),
        (b"GET / HTTP/1.1\r\na: " + b"b" * 40_000, 431, "32 KiB"),
        (b"GET /" + b"b" * 40_000, 431, "32 KiB"),
    ],
)
def test_what_the_server_refuses_by_itself_is_an_envelope(
    server: Served, sent: bytes, code: int, word: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with server.connect() as client:
        client.sendall(sent)
        response, envelope = answer_to(client)
        assert (response.status, envelope["code"], envelope["status"]) == (code, code, 0)
        assert word in envelope["data"]
        assert "secret" not in envelope["data"]
        assert response.headers["Content-Type"] == "application/json"
        assert response.headers["X-Frame-Options"] == "DENY"
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.INFO] == [
        f"Refused a request from 127.0.0.1: {code}"
    ]


def test_always_http_200_holds_for_the_server_too(app: Flask, alice: Caller) -> None:
    with served(app, alice.key, Settings(always_http_200=True)) as server, server.connect() as one:
        one.sendall(b"nonsense\r\n\r\n")
        response, envelope = answer_to(one)
        assert (response.status, envelope["code"]) == (200, 400)


@pytest.mark.parametrize(
    "begun",
    [
        b"POST / HTTP/1.1\r\na: ",
        b"POST / HTTP/1.1\r\nContent-Length: 60000\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2000\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 60000\r\nExpect: 100-continue\r\n\r\n",
    ],
)
def test_a_request_that_trickles_in_has_its_time(
    server: Served, begun: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_REQUEST_SECONDS", 2)
    with server.connect() as client:
        client.sendall(begun)
        client.settimeout(0.2)
        said = b""
        deadline = time.monotonic() + 40
        while b" 408 " not in said and time.monotonic() < deadline:
            with suppress(TimeoutError):
                said += client.recv(4096)
            client.sendall(b"x")
        client.settimeout(20)
        while piece := client.recv(4096):
            said += piece
    assert b" 408 Request Timeout" in said
    assert b'"code":408' in said
    until(lambda: server.connections, lambda count: count == 0)


def test_who_reads_nothing_is_let_go(
    server: Served, clients: ExitStack, monkeypatch: pytest.MonkeyPatch, app: Flask
) -> None:
    monkeypatch.setattr(server._server.adj, "channel_timeout", 2)
    app.add_url_rule("/large", view_func=lambda: b"x" * 20_000_000)
    silent = clients.enter_context(server.connect(receive_buffer=4096))
    silent.sendall(server.begin("GET", "/large", "", ""))
    until(lambda: server.connections, lambda count: count == 1)
    until(lambda: server.connections, lambda count: count == 0)


def test_requests_sent_ahead_hold_no_thread(server: Served, clients: ExitStack, app: Flask) -> None:
    app.add_url_rule("/large", view_func=lambda: b"x" * 40_000_000)
    for _ in range(12):
        greedy = clients.enter_context(server.connect(receive_buffer=4096))
        greedy.sendall(server.begin("GET", "/large", "", "") * 3)
    assert server.poll() == 200


def test_of_requests_sent_ahead_the_first_is_answered_whole(server: Served) -> None:
    with server.connect() as client:
        client.sendall(server.begin("POST", LIST, JSON, "Content-Length: 2", "", "{}") * 3)
        response, envelope = answer_to(client)
        assert (response.status, envelope["code"]) == (200, 200)
        assert response.headers["Connection"] == "close"
        assert client.recv(1) == b""


def test_a_line_end_behind_a_body_is_no_further_request(server: Served) -> None:
    with server.connect() as client:
        for _ in range(2):
            client.sendall(server.begin("POST", LIST, JSON, "Content-Length: 2", "", "{}\r\n"))
            response, _ = answer_to(client)
            assert response.status == 200
            assert response.headers["Connection"] is None
