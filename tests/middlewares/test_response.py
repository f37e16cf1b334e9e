"""The facts of a response are read once, however many middlewares ask for them."""

import gc

import pytest
from scrapy.http import HtmlResponse, Response

from category_crawler.middlewares import response as facts
from category_crawler.middlewares.response import damage_of, facts_of
from category_crawler.pages import Kind

URL = "https://www.amazon.com.au/s?rh=n%3A1"
CAPTCHA = b'<form action="/errors/validateCaptcha"><input id="captchacharacters"></form>'


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The bodies in which the marks of a block page were looked for."""
    seen: list[bytes] = []
    read = facts.read_block

    def counted(body: bytes, *given: object) -> Kind | None:
        seen.append(body)
        return read(body, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(facts, "read_block", counted)
    return seen


def test_a_response_is_read_once(reads: list[bytes]) -> None:
    response = HtmlResponse(URL, body=CAPTCHA, headers={"X-One": ["a", "b"]})
    assert [facts_of(response).block for _ in range(5)] == [Kind.CAPTCHA] * 5
    assert facts_of(response).headers == {"x-one": "b"}
    damage_of(response)
    assert reads == [CAPTCHA]


def test_another_response_of_the_same_url_is_read_for_itself(reads: list[bytes]) -> None:
    first = HtmlResponse(URL, body=CAPTCHA)
    second = first.replace(body=b"<html><body>fine</body></html>")
    assert [facts_of(one).block for one in (first, second)] == [Kind.CAPTCHA, None]
    assert len(reads) == 2


def test_a_redirect_to_the_sign_in_is_a_sign_in() -> None:
    response = Response(URL, status=302, headers={"Location": "/ap/signin?x=1"})
    assert facts_of(response).block is Kind.SIGN_IN


def test_facts_go_with_their_response() -> None:
    facts_of(HtmlResponse(URL, body=CAPTCHA))
    gc.collect()
    assert not [one for one in facts._facts if one.body == CAPTCHA]
