"""Who may do what in the engine: the access list of docs/cluster.md, and a connection in TLS."""

import re
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import trustme
from redis import Redis

from category_crawler.cluster.engine import Engine, EngineAway
from category_crawler.cluster.nodes import Nodes
from category_crawler.cluster.queue import Queue
from category_crawler.files.home import PROJECT
from tests.cluster.test_queue import LEASE, report
from tests.cluster.valkey import Valkey

PASSWORD = "of-this-test"


RIGHTS = {
    "cluster.md": r"^ +user crawler on >PASSWORD (.*)$",
    "install.md": r"^ +RIGHTS='(.*)'$",
}
"""Where the documents tell the rights of the engine's user."""


@pytest.fixture(params=RIGHTS)
def guarded(request: pytest.FixtureRequest, valkey: Valkey) -> Iterator[str]:
    """The address of the engine for the user of a document, who has the rights told there."""
    told = (PROJECT / "docs" / request.param).read_text()
    found = re.search(RIGHTS[request.param], told, re.MULTILINE)
    assert found is not None
    with valkey.client as client:
        client.execute_command(
            "ACL", "SETUSER", "crawler", "reset", "on", f">{PASSWORD}", *found[1].split()
        )
        yield f"redis://crawler:{PASSWORD}@127.0.0.1:{valkey.port}"
        client.execute_command("ACL", "DELUSER", "crawler")


def test_its_rights_are_enough_for_a_node_and_the_api(guarded: str) -> None:
    engine = Engine(guarded)
    queue, nodes = Queue(engine), Nodes(engine)
    queue.push("r1-1", {"name": "category"}, 1.0)
    incarnation = nodes.enroll()
    nodes.beat(report("a", incarnation), LEASE)
    claimed = queue.pop("a", incarnation)
    assert claimed is not None
    assert queue.states(["r1-1"]) == {"r1-1": "running"}
    queue.stop("r1-1")
    queue.release(claimed.claim)
    queue.finish(claimed.claim)
    queue.revoke("r1-1")
    assert queue.claims() == {}
    assert [node.name for node in nodes.list()] == ["a"]
    nodes.drain("a")
    nodes.resume("a")
    engine.close()


@pytest.mark.parametrize(
    "command",
    [
        ("GET", "password-of-others"),
        ("SET", "key-of-others", "1"),
        ("KEYS", "*"),
        ("FLUSHALL",),
        ("CONFIG", "SET", "dir", "/tmp"),
        ("SHUTDOWN",),
        ("ACL", "LIST"),
        ("SCRIPT", "KILL"),
        ("MODULE", "LIST"),
        ("EVAL", "return redis.call('GET', 'password-of-others')", "0"),
        ("EVAL", "return redis.call('FLUSHALL')", "0"),
    ],
)
def test_its_rights_are_no_more_than_that(guarded: str, command: tuple[str, ...]) -> None:
    with Redis.from_url(guarded) as client, pytest.raises(Exception, match=r"NOPERM|permission"):
        client.execute_command(*command)


def test_a_wrong_password_is_told_without_it(guarded: str) -> None:
    engine = Engine(guarded.replace(PASSWORD, "a-guess"))
    with pytest.raises(EngineAway) as raised:
        engine.ping()
    assert "a-guess" not in str(raised.value)
    assert "crawler" not in str(raised.value)


class TLS:
    """What stunnel does: takes connections in TLS and passes them on to a server."""

    def __init__(self, to: int, folder: Path) -> None:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(folder / "ca.pem")
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(self._context)
        self._to = to
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        with (
            suppress(OSError),
            self._context.wrap_socket(client, server_side=True) as ours,
            socket.create_connection(("127.0.0.1", self._to)) as theirs,
        ):
            back = threading.Thread(target=_copy, args=(theirs, ours), daemon=True)
            back.start()
            _copy(ours, theirs)


def _copy(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
    with suppress(OSError):
        other.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def tls(valkey: Valkey, tmp_path: Path) -> Iterator[TLS]:
    made = TLS(valkey.port, tmp_path)
    yield made
    made.close()


ASK = "import sys; from category_crawler.cluster.engine import Engine; Engine(sys.argv[1]).ping()"


def test_a_certificate_that_the_machine_trusts_is_taken(tls: TLS, tmp_path: Path) -> None:
    address = f"rediss://127.0.0.1:{tls.port}"
    trusting = {"SSL_CERT_FILE": str(tmp_path / "ca.pem"), "PATH": ""}
    for environment, code in ((trusting, 0), ({"PATH": ""}, 1)):
        said = subprocess.run(
            [sys.executable, "-c", ASK, address],
            cwd=PROJECT,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert said.returncode == code, said.stderr
    assert "certificate verify failed" in said.stderr.lower()
