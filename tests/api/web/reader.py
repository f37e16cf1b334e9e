"""A person at the pages, as far as no browser is needed."""

import re
from dataclasses import dataclass

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

PASSWORD = "correct horse"


@dataclass(frozen=True, slots=True)
class Reader:
    """Gets pages and sends their forms, proof included."""

    client: FlaskClient

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers=headers)

    def send(self, page: str, action: str, **fields: str) -> TestResponse:
        """Send a form of a page, with the proof that is on it."""
        return self.client.post(action, data={"csrf_token": self.proof(page), **fields})

    def proof(self, page: str) -> str:
        """What shows that a form comes from a page."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(page).text)
        assert found is not None, page
        return found[1]

    def sign_in(self, email: str, password: str = PASSWORD) -> TestResponse:
        return self.send("/sign-in", "/sign-in", email=email, password=password)
