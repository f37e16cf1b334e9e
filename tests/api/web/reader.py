"""A person at the pages, as far as no browser is needed."""

import re
from dataclasses import dataclass
from html import unescape

from flask.testing import FlaskClient
from lxml import html
from werkzeug.test import TestResponse

PASSWORD = "correct horse"
_NOT_OURS = re.compile(
    r"<(code|pre|script|style|textarea)\b.*?</\1>|<(\w+)[^>]* dir=\"auto\"[^>]*>.*?</\2>"
    r"|<bdi>.*?</bdi>|<title>.*?</title>|<span class=\"hidden\">.*?</span>|“.*?”|<[^>]*>|https://[^\s<]+",
    re.DOTALL,
)
"""Marks, programs' texts, and what shops and readers have written."""
_FOR_PROGRAMS = re.compile(
    r"\b(?:POST|GET) /|/(?:zipcodes|users|schedules)/|\b[Rr]unner \d|\b[Cc]ollection \d"
    r"|\b(?!amazon_category_)[a-z]+(?:_[a-z]+)+\b|\b[Zz]ipcode|\.jsonl\b|\\d|\bthe site\b"
    r"|\b(?:create|refresh|delete)-zipcode|\bnode \d|\brh\b|\bslices?\b"
    r"|\b1 (?:product|page|run|collection|credit|review|result|part|range)s\b"
)


@dataclass(frozen=True, slots=True)
class Form:
    """A form that posts, with the hidden fields that it would send."""

    action: str
    fields: dict[str, str]

    @property
    def question(self) -> str:
        """What is asked before it is carried out; empty if nothing is."""
        return self.fields.get("ask", "")


def forms_of(text: str) -> list[Form]:
    """The forms of a page that post."""
    return [
        Form(
            form.get("action", ""),
            {
                one.get("name", ""): one.get("value", "")
                for one in form.xpath(".//input[@type='hidden']")
            },
        )
        for form in html.fromstring(text).xpath("//form[@method='post']")
    ]


@dataclass(frozen=True, slots=True)
class Reader:
    """Gets pages and sends their forms, proof included."""

    client: FlaskClient

    def get(self, path: str, **headers: str) -> TestResponse:
        """Get a page; on each, the words are for people."""
        return _checked(self.client.get(path, headers=headers))

    def send(self, page: str, action: str, **fields: str) -> TestResponse:
        """Send a form of a page, with the proof that is on it."""
        return _checked(self.client.post(action, data={"csrf_token": self.proof(page), **fields}))

    def proof(self, page: str) -> str:
        """What shows that a form comes from a page."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(page).text)
        assert found is not None, page
        return found[1]

    def sign_in(self, email: str, password: str = PASSWORD) -> TestResponse:
        return self.send("/sign-in", "/sign-in", email=email, password=password)


def words_for_programs(page: str) -> list[str]:
    """What a page says in the words of the API, of addresses or of logs."""
    text = unescape(_NOT_OURS.sub(" ", page))
    return [found.group() for found in _FOR_PROGRAMS.finditer(text)]


def _checked(answer: TestResponse) -> TestResponse:
    if answer.mimetype == "text/html" and not answer.location:
        found = words_for_programs(answer.text)
        assert found == [], f"{answer.request.path} says {found}"
    return answer
