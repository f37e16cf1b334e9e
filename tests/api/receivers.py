"""Where notices go in tests: a real SMTP server and a real https receiver on this machine."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from api.config import Settings
from tests.api.services import free_port

USER, PASSWORD = "crawler", "a password of the mail server"


@dataclass
class Mailbox:
    """What the SMTP server has taken; ``answers`` are given to the next mails in turn."""

    messages: list[Message] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    port: int = 0

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        answer = self.answers.pop(0) if self.answers else "250 taken"
        if answer.startswith("250"):
            self.messages.append(message_from_bytes(envelope.content, policy=default))
            self.recipients.append(envelope.rcpt_tos)
        return answer

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address.startswith("unknown"):
            return "550 no such mailbox"
        if address.startswith("slow"):
            await asyncio.sleep(60)
        envelope.rcpt_tos.append(address)
        return "250 OK"


def _authenticate(*call: Any) -> AuthResult:
    login = call[-1]
    right = isinstance(login, LoginPassword) and (login.login, login.password) == (
        USER.encode(),
        PASSWORD.encode(),
    )
    return AuthResult(success=right, handled=False)


@contextmanager
def smtp_server(context: ssl.SSLContext | None = None, *, tls: str = "none") -> Iterator[Mailbox]:
    """A real SMTP server; with a context it wants TLS and a login."""
    mailbox = Mailbox(port=free_port())
    options: dict[str, Any] = {"hostname": "127.0.0.1", "port": mailbox.port}
    if tls == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    elif tls == "tls":
        options |= {"ssl_context": context, "auth_require_tls": False}
    if context is not None:
        options |= {"authenticator": _authenticate, "auth_required": True}
    controller = Controller(mailbox, **options)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()


def mail_settings(mailbox: Mailbox, **more: Any) -> Settings:
    """Settings by which mails go to that server."""
    sender = "Crawler <crawler@example.org>"
    given = {"smtp_host": "127.0.0.1", "smtp_port": mailbox.port, "smtp_tls": "none"}
    return Settings(**{"smtp_sender": sender, "public_url": "https://crawl.example"} | given | more)


@dataclass
class Hook:
    """What the receiver has got; ``answers`` are the statuses of the next calls in turn."""

    calls: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    location: str = ""
    is_cut: bool = False
    """Whether the connection is closed in the place of an answer."""
    port: int = 0

    def url(self, host: str = "localhost", path: str = "/hook?x=1") -> str:
        return f"https://{host}:{self.port}{path}"


@contextmanager
def https_receiver(context: ssl.SSLContext) -> Iterator[Hook]:
    """A real receiver of webhooks."""
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if hook.is_cut:
                self.close_connection = True
                return
            hook.calls.append((self.path, dict(self.headers), body))
            self.send_response(hook.answers.pop(0) if hook.answers else 204)
            if hook.location:
                self.send_header("Location", hook.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    hook.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def trusted(folder: Path, monkeypatch: pytest.MonkeyPatch, *names: str) -> ssl.SSLContext:
    """A server's context for names, whose authority this process trusts from now on."""
    authority = trustme.CA()
    path = folder / "authority.pem"
    authority.cert_pem.write_to_path(path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context
