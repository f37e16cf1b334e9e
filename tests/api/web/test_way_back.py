"""Where addresses lead that show nothing by themselves, and forms of those who are signed out."""

from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from api.store.records import User
from tests.api.web.crawls import page_of, stored
from tests.api.web.reader import PASSWORD, Reader
from tests.crawls import URL

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/collections/1/rerun", "/collections/1/"),
        ("/collections/1/cancel", "/collections/1/"),
        ("/collections/1/schedule/pause", "/collections/1/"),
        ("/collections/1/alerts/add", "/collections/1/"),
        ("/new/understood", "/new/"),
        ("/new/session", "/new/"),
        ("/postcodes/1/check", "/postcodes/"),
        ("/account/password", "/account/"),
        ("/operator/users/1/credits", "/operator/users/1/"),
        ("/sign-out", "/"),
    ],
)
def test_the_address_of_a_form_leads_to_its_page(reader: Reader, path: str, page: str) -> None:
    answer = reader.get(path, **BROWSER)
    assert answer.status_code == 405
    assert {*answer.allow} == {"OPTIONS", "POST"}
    assert f'<a class="button primary" href="{page}">Go to the page</a>' in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_programs_get_the_envelope(reader: Reader) -> None:
    assert reader.get("/collections/1/rerun").get_json()["code"] == 405
    assert reader.get("/api/v1/users/login/", **BROWSER).get_json()["code"] == 405


def test_parts_of_pages_lead_to_the_whole_page(reader: Reader, app: Flask, ann: User) -> None:
    run = page_of(stored(app, ann.id))
    for path, page in (
        (f"{run}live", run),
        (f"{run}coverage", run),
        ("/collections/live?ids=1", "/collections/"),
        ("/postcodes/table", "/postcodes/"),
        ("/operator/state", "/operator/"),
        ("/new/preview?postcode=4500", "/new/?postcode=4500&preview=1"),
    ):
        assert reader.get(path, **BROWSER).location == page
        part = reader.get(path, **BROWSER, **{"HX-Request": "true"})
        assert (part.status_code, "<html" in part.text) == (200, False), path


@pytest.mark.parametrize("action", ["/new/", "/new/check", "/new/preview", "/new/understood"])
def test_a_form_sent_after_the_login_is_gone_comes_back_filled_in(
    reader: Reader, ann: User, action: str
) -> None:
    typed = {"category_url": URL, "postcode": "4500", "price_max": "19.50", "alert_gone": "on"}
    sent = typed | {"csrf_token": reader.proof("/new/"), "once": "x"}
    reader.client.delete_cookie("category_crawler")
    answer = reader.client.post(action, data=sent)
    assert urlsplit(answer.location).path == "/sign-in"
    (wanted,) = parse_qs(urlsplit(answer.location).query)["next"]
    back = reader.send(answer.location, answer.location, email=ann.email, password=PASSWORD)
    assert back.location == wanted
    assert {name: value for name, (value,) in parse_qs(urlsplit(wanted).query).items()} == typed
    shown = reader.get(back.location).text
    assert 'value="19.50"' in shown
    assert "number 4851693051" in shown


def test_what_is_too_long_for_an_address_leads_to_the_empty_form(reader: Reader) -> None:
    reader.client.delete_cookie("category_crawler")
    answer = reader.client.post("/new/", data={"name": "x" * 50_000})
    assert answer.location == "/sign-in?next=/new/"


def test_other_forms_lead_back_to_their_page(reader: Reader, app: Flask, ann: User) -> None:
    run = stored(app, ann.id)
    reader.client.delete_cookie("category_crawler")
    for action, page in (
        (f"/collections/{run.collection.id}/cancel", f"/collections/{run.collection.id}/"),
        ("/account/mails", "/account/"),
    ):
        assert reader.client.post(action).location == f"/sign-in?next={page}"
    htmx = reader.client.post("/new/delivery", data={"name": "a"}, headers={"HX-Request": "true"})
    assert htmx.status_code == 401
    assert htmx.headers["HX-Redirect"] == "/sign-in?next=/new/?name%3Da"
