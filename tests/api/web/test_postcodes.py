"""The page of postcodes, with a real Scrapyd and a real browser behind it."""

import re
from pathlib import Path

import pytest
from flask import Flask

from api.store import Store
from api.store.records import StoredRequest, User
from category_crawler.delivery.session import session_file
from category_crawler.domain_config import DOMAINS
from tests.api.services import BODY, Caller, Daemon
from tests.api.web.reader import Reader
from tests.crawls import DOMAIN, POSTCODE, Home
from tests.waiting import until

PAGE = "/postcodes/"


@pytest.fixture
def path(app: Flask) -> Path:
    """The example session's file, which is not there."""
    file = session_file(DOMAIN, POSTCODE)
    file.unlink()
    return file


def make(reader: Reader, postcode: str = POSTCODE, suburb: str = "", domain: str = DOMAIN) -> str:
    sent = reader.send(PAGE, PAGE, domain=domain, postcode=postcode, suburb=suburb)
    return sent.text if sent.status_code != 302 else reader.get(PAGE).text


def number(store: Store, user: User) -> int:
    (own,) = store.sessions.zipcodes(user.id)
    return own.id


def test_a_postcode_is_made_checked_and_given_up(
    reader: Reader, ann: User, store: Store, scrapyd: Daemon, path: Path, home: Home
) -> None:
    assert "No postcode yet" in reader.get(PAGE).text
    shown = make(reader)
    assert "is being made ready" in shown
    assert 'hx-trigger="every 2s"' in shown
    shown = until(lambda: reader.get(f"{PAGE}table").text, lambda text: "hx-trigger" not in text)
    assert 'class="state active"' in shown
    assert path.is_file()
    own = f"{PAGE}{number(store, ann)}"
    assert "The shop is asked about" in _followed(reader, f"{own}/check")
    shown = until(lambda: reader.get(PAGE).text, lambda text: "hx-trigger" not in text)
    assert "the shop says" in shown
    home.shop.expire_sessions()
    _followed(reader, f"{own}/check")
    shown = until(lambda: reader.get(PAGE).text, lambda text: "hx-trigger" not in text)
    assert 'class="state inactive"' in shown
    assert "does not deliver there any more" in shown
    assert "is being renewed" in _followed(reader, f"{own}/renew")
    until(lambda: reader.get(PAGE).text, lambda text: 'class="state active"' in text)
    assert "4500 is deleted." in _followed(reader, f"{own}/delete")
    assert "No postcode yet" in reader.get(PAGE).text


def test_who_uses_a_postcode_is_told(reader: Reader, ann: User, store: Store) -> None:
    make(reader)
    assert "no collection of yours" in reader.get(PAGE).text
    store.runners.add_collection(ann.id, "<b>Lamps", StoredRequest(BODY), [])
    shown = reader.get(PAGE).text
    assert "&lt;b&gt;Lamps</a>" in shown
    assert "no collection of yours" not in shown


def test_the_newest_that_use_a_postcode_are_named_and_all_counted(
    reader: Reader, ann: User, store: Store, bob: Caller
) -> None:
    make(reader)
    for number in range(8):
        store.runners.add_collection(ann.id, f"Lamps {number}", StoredRequest(BODY), [])
    for user, other in ((ann.id, {"postcode": "3000"}), (ann.id, {"domain": "x"}), (bob.user, {})):
        store.runners.add_collection(user, "Chairs", StoredRequest(BODY | other), [])
    shown = reader.get(PAGE).text
    assert re.findall(r"Lamps (\d)</a>", shown) == ["7", "6", "5", "4", "3"]
    assert "and 3 more" in shown
    assert "Chairs" not in shown


@pytest.mark.parametrize(
    ("domain", "written", "postcode"),
    [
        ("amazon.co.uk", "sw1a 1aa", "SW1A1AA"),
        ("amazon.co.jp", "100-0001", "1000001"),
        ("amazon.com", "10001-1234", "10001-1234"),
    ],
)
def test_a_collection_uses_its_postcode_however_it_was_written(
    store: Store, ann: User, domain: str, written: str, postcode: str
) -> None:
    request = StoredRequest(BODY | {"domain": domain, "postcode": written})
    added = store.runners.add_collection(ann.id, "Lamps", request, [])
    assert DOMAINS[domain].postcode(written) == postcode
    assert store.runners.seen_from(ann.id, domain, postcode, 5) == (1, [added.collection])
    assert store.runners.seen_from(ann.id, domain, postcode[:-1], 5) == (0, [])


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"postcode": "45000"}, "This is no postcode of amazon.com.au."),
        ({"postcode": ""}, "postcode"),
        ({"domain": "amazon.xyz"}, "Choose one of these shops."),
        ({"domain": "amazon.ae"}, "Choose one of these shops."),
        ({"suburb": "x" * 101}, "At most 100 characters."),
    ],
)
def test_what_is_wrong_stands_beside_the_field(
    reader: Reader, fields: dict[str, str], says: str
) -> None:
    sent = reader.send(PAGE, PAGE, **({"domain": DOMAIN, "postcode": POSTCODE} | fields))
    assert sent.status_code == 400
    assert says in sent.text
    assert 'class="fault"' in sent.text


def test_one_that_is_there_already_is_said(reader: Reader) -> None:
    make(reader)
    assert "You have 4500 already." in make(reader)


def test_scrapyd_that_is_away_is_said(reader: Reader, path: Path) -> None:
    sent = reader.send(PAGE, PAGE, domain=DOMAIN, postcode=POSTCODE)
    assert sent.status_code == 503
    assert "The service cannot start anything just now" in sent.text
    assert "No postcode yet" in reader.get(PAGE).text


def test_those_of_others_are_not_there(
    reader: Reader, ann: User, app: Flask, store: Store, bob: Caller
) -> None:
    make(reader)
    theirs = f"{PAGE}{number(store, ann)}"
    other = Reader(app.test_client())
    other.get(f"/sign-in/{app.extensions['services'].accounts.new_link(bob.user)}")
    assert POSTCODE not in other.get(PAGE).text
    for action in ("check", "renew", "delete"):
        assert other.send(PAGE, f"{theirs}/{action}").status_code == 404
    assert POSTCODE in reader.get(PAGE).text


def _followed(reader: Reader, action: str) -> str:
    sent = reader.send(PAGE, action)
    assert sent.status_code == 302, sent.text
    return reader.get(PAGE).text
