"""Names of hosts: what no resolver takes is refused at the door, in a sentence."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import HttpUrl, ValidationError
from yarl import URL

from api.host_name import fault_in
from api.notices.webhook import why_refused
from tests.api.services import BODY, CATEGORY, Caller

PATH = f"{CATEGORY}/add_schedule/"
LONG = ".".join(["x" * 50] * 5)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://a..example.org/", "the host begins with a dot or has two dots in a row"),
        ("https://a。。example.org/", "two dots in a row"),
        ("https://.example.org/", "begins with a dot"),
        ("https://example.org../", "two dots in a row"),
        ("https://./", "the host is missing"),
        (f"https://{'x' * 64}.org/", "has 64 characters, and 63 is the most between two dots"),
        (f"https://{'ü' * 60}.org/", "63 is the most between two dots"),
        (f"https://{LONG}/", "the host has 254 characters, and 253 is the most"),
        ("https://-a.example.org/", "-a in the host must be letters, digits and hyphens"),
        ("https://a*b.example.org/", "a*b in the host must be"),
        ("https://a,b.example.org/", "a,b in the host must be"),
        ("https://a'b.example.org/", "a'b in the host must be"),
        ("https://example.org:0/", "nothing can listen on port 0"),
        ("https://example.org:65536/", "invalid port number"),
        ("https://1.2.3.4.5/", "invalid IPv4 address"),
        ("https://example.1/", "invalid IPv4 address"),
        ("https://256.1.1.1/", "invalid IPv4 address"),
        ("https://xn--a/", "invalid international domain name"),
        ("https://xn--zzzzzzzzzz99999.org/", "invalid international domain name"),
        ("https://a\u200db.org/", "invalid international domain name"),
    ],
)
def test_a_host_that_no_resolver_takes(alice: Caller, url: str, says: str) -> None:
    answer = alice.post(PATH, BODY | {"webhook_url": url})
    assert answer.status_code == 400
    assert answer.get_json()["data"].startswith("webhook_url ")
    assert says in answer.get_json()["data"]
    assert len(answer.get_json()["data"]) < 300


@pytest.mark.parametrize(
    "host",
    [
        *("example.org", "example.org.", "a_b.example.org", "_x.example.org", "a-.example.org"),
        *("x" * 63 + ".org", LONG[:-1], "xn--bcher-kva.example", "ab--cd.org", "intranet"),
        *("8.8.8.8", "2606:2800:220:1::1", "EXAMPLE.org"),
    ],
)
def test_a_host_that_a_resolver_takes(host: str) -> None:
    assert fault_in(host) == ""


_LABEL = st.text("ab-_.*1ü☃。\u200d", max_size=70)


@given(st.lists(_LABEL, min_size=1, max_size=5).map(".".join))
def test_what_the_door_lets_in_a_resolver_and_the_client_take(host: str) -> None:
    try:
        url = str(HttpUrl(f"https://{host}/"))
    except ValidationError:
        return
    if not why_refused(url, private_allowed=True):
        name = urlsplit(url).hostname or ""
        assert name.encode("idna")
        assert URL(url, encoded=True).raw_host == name


@pytest.mark.parametrize(
    "address",
    [
        *("a@b..org", "a@.org", f"a@{'x' * 64}.org", f"a@{LONG}.org", "a@1.2.3", "a@-b.org"),
        *("a@xn--a.org", f"a@{'ü' * 60}.org", "a@b.org:25", "a@b.org.", "a@b_c.org", "a@[1.2.3.4]"),
    ],
)
def test_a_mail_address_whose_domain_is_none(alice: Caller, address: str) -> None:
    answer = alice.post(PATH, BODY | {"notification_email": address})
    assert answer.status_code == 400
    assert answer.get_json()["data"].startswith("notification_email is ")
