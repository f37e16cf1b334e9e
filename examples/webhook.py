"""A receiver of webhooks that accepts only signed and recent calls, and each event once.

WEBHOOK_SECRET=$(flask --app api users webhook-secret you@example.org) python examples/webhook.py

It listens on 127.0.0.1, port WEBHOOK_PORT or 9000. Webhooks go only to https at a public address,
so put a web server with a certificate in front of it.
"""

import argparse
import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError


def is_genuine(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Whether a call was signed with the secret, within the last five minutes."""
    try:
        Webhook(secret).verify(body, headers, json_parse=False)
    # The library raises ValueError for a signature or a body that cannot be decoded.
    except (WebhookVerificationError, ValueError):
        return False
    return True


class Receiver(BaseHTTPRequestHandler):
    """Prints a line for each run that has ended, and for each alert."""

    secret = ""
    seen: set[str] = set()  # noqa: RUF012, a real one keeps them in its database

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not is_genuine(self.secret, dict(self.headers), body):
            self.send_error(401)
            return
        event = self.headers["webhook-id"]
        if event not in self.seen:
            self._take(json.loads(body))
            self.seen.add(event)
        # A repeated event gets the same answer; otherwise the API would send it again.
        self.send_response(204)
        self.end_headers()

    def _take(self, told: dict[str, Any]) -> None:
        if told.get("type") == "alert":
            found = [f"{one['rule']['kind']} {one['count']}" for one in told["rules"]]
            print(f"{told['run']['name']}: {', '.join(found)}", flush=True)
        else:
            print(f"{told['name']}: {told['stage']}, {told['asin_count']} products", flush=True)


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
