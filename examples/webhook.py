"""A receiver of webhooks that accepts only signed and recent calls, and each event once.

WEBHOOK_SECRET=$(flask --app api users webhook-secret you@example.org) python examples/webhook.py

It listens on 127.0.0.1, port WEBHOOK_PORT or 9000. Webhooks go only to https at a public address,
so put a web server with a certificate in front of it.
"""

import argparse
import hmac
import json
import os
import time
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer

FRESH_FOR = 300
"""Seconds; an older call may be a recorded one that somebody sends again."""


def is_genuine(secret: str, timestamp: str, signature: str, body: bytes) -> bool:
    """Whether a call was signed with the secret, and recently."""
    if not (timestamp.isascii() and timestamp.isdigit()):
        return False
    if abs(time.time() - int(timestamp)) > FRESH_FOR:
        return False
    signed = hmac.digest(secret.encode(), timestamp.encode() + b"." + body, sha256)
    return hmac.compare_digest(f"sha256={signed.hex()}".encode(), signature.encode())


class Receiver(BaseHTTPRequestHandler):
    """Prints a line for each run that has ended."""

    secret = ""
    seen: set[str] = set()  # noqa: RUF012, a real one keeps them in its database

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        timestamp = self.headers.get("X-Timestamp", "")
        signature = self.headers.get("X-Signature", "")
        if not is_genuine(self.secret, timestamp, signature, body):
            self.send_error(401)
            return
        event = self.headers["X-Event-Id"]
        if event not in self.seen:
            self._take(json.loads(body))
            self.seen.add(event)
        # A repeated event gets the same answer; otherwise the API would send it again.
        self.send_response(204)
        self.end_headers()

    def _take(self, run: dict[str, object]) -> None:
        print(f"{run['name']}: {run['stage']}, {run['asin_count']} products", flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    port = os.environ.get("WEBHOOK_PORT", "9000")
    arguments.add_argument("--port", type=int, default=port, help="default: WEBHOOK_PORT, or 9000")
    asked = arguments.parse_args()
    Receiver.secret = os.environ.get("WEBHOOK_SECRET", "")
    if not Receiver.secret:
        arguments.error("set WEBHOOK_SECRET")
    try:
        server = HTTPServer(("127.0.0.1", asked.port), Receiver)
    except (OSError, OverflowError) as error:
        arguments.error(f"port {asked.port} cannot be opened ({error}): name another with --port")
    server.serve_forever()


if __name__ == "__main__":
    main()
