"""What every page does: forms with their proof, its policy, errors as pages, the menu."""

import re

import pytest
from flask import Flask
from markupsafe import escape

from api import create_app
from api.config import Settings
from api.store import Store
from api.store.records import User
from category_crawler.files.home import var_folder
from tests.api.services import Caller
from tests.api.web.crawls import ended, page_of, stored
from tests.api.web.reader import Reader, forms_of


@pytest.mark.parametrize("path", ["/sign-in", "/account/key", "/account/password", "/sign-out"])
@pytest.mark.parametrize("proof", [None, "", "made-up"])
def test_a_form_without_its_proof_changes_nothing(
    reader: Reader, alice: Caller, path: str, proof: str | None
) -> None:
    answer = reader.client.post(path, data={} if proof is None else {"csrf_token": proof})
    assert answer.status_code == 400
    assert "This form is too old, or was not sent from this site" in answer.text
    assert ">Go to the page</a>" in answer.text
    assert reader.get("/account/").status_code == 200


def test_a_question_is_asked_before_a_form_is_carried_out(
    reader: Reader, app: Flask, ann: User, store: Store
) -> None:
    runner = ended(app, stored(app, ann.id, "<b>Lamps"))
    (form,) = [
        one
        for one in forms_of(reader.get(page_of(runner)).text)
        if one.action == f"/collections/{runner.collection.id}/delete"
    ]
    asked = reader.client.post(form.action, data=form.fields)
    assert asked.status_code == 200
    assert "&lt;b&gt;Lamps" in asked.text
    assert f'href="/collections/{runner.collection.id}/">No, go back' in asked.text
    assert store.runners.get(runner.id) is not None
    (yes,) = [one for one in forms_of(asked.text) if one.action != "/sign-out"]
    assert yes.action == ""
    assert reader.client.post(form.action, data=yes.fields).location == "/collections/"
    assert store.runners.get(runner.id) is None


def test_a_question_keeps_what_the_form_holds(reader: Reader, app: Flask, ann: User) -> None:
    runner, back = stored(app, ann.id), "/collections/?state=queued"
    cancel = f"/collections/{runner.collection.id}/cancel"
    (form,) = [one for one in forms_of(reader.get(back).text) if one.action == cancel]
    asked = reader.client.post(form.action, data=form.fields)
    assert f'href="{back}">No, go back' in asked.text
    (yes,) = [one for one in forms_of(asked.text) if one.action != "/sign-out"]
    assert reader.client.post(form.action, data=yes.fields).location == back


def test_what_cannot_be_undone_is_asked(
    reader: Reader, app: Flask, ann: User, store: Store, alice: Caller
) -> None:
    store.users.set_active(alice.user, active=False)
    kept, running = ended(app, stored(app, ann.id)), stored(app, ann.id)
    pages = ["/account/", page_of(kept), page_of(running), f"/operator/users/{alice.user}/"]
    asking = [one for page in pages for one in forms_of(reader.get(page).text) if one.question]
    deeds = {one.action.rstrip("/").rpartition("/")[2] for one in asking}
    assert sorted(deeds) == ["cancel", "delete", "key", "retention"]
    for one in asking:
        asked = reader.client.post(one.action, data=one.fields)
        assert f">{escape(one.question)}</p>" in asked.text


def test_a_question_is_no_way_around_the_proof(reader: Reader) -> None:
    answer = reader.client.post("/account/key", data={"ask": "Really?"})
    assert answer.status_code == 400
    assert "Really?" not in answer.text


def test_the_api_takes_no_cookie(reader: Reader) -> None:
    assert reader.client.post("/api/v1/users/api-key/regenerate/").status_code == 401


def test_a_key_of_the_api_opens_no_page(app: Flask, alice: Caller) -> None:
    assert alice.get("/account/").status_code == 302


def test_scripts_come_from_here_alone_and_pictures_from_the_shops_host(reader: Reader) -> None:
    policies = reader.get("/account/").headers.getlist("Content-Security-Policy")
    assert len(policies) == 1
    assert "script-src 'self';" in policies[0]
    assert "img-src 'self' data: https://m.media-amazon.com;" in policies[0]
    assert "unsafe" not in policies[0]


@pytest.mark.usefixtures("home")
def test_pictures_can_be_turned_off(app: Flask) -> None:
    without = create_app(Settings(picture_host="")).test_client()
    assert "img-src 'self' data:;" in without.get("/sign-in").headers["Content-Security-Policy"]


@pytest.mark.parametrize("host", ["https://a.example/x", "ftp://a.example", "https://a;b", "x"])
def test_a_picture_host_is_a_scheme_and_a_host(host: str) -> None:
    with pytest.raises(ValueError, match="picture_host is"):
        Settings(picture_host=host)


def test_an_unknown_address_is_a_page_for_people_and_json_for_programs(reader: Reader) -> None:
    shown = reader.get("/colections", Accept="text/html,application/xhtml+xml,*/*;q=0.8")
    assert shown.status_code == 404
    assert "There is no such page." in shown.text
    assert reader.get("/colections").get_json()["code"] == 404
    assert reader.get("/api/v1/x", Accept="text/html").get_json()["code"] == 404


@pytest.mark.parametrize(
    ("path", "name", "how"),
    [
        ("/collections/", "Collections", "page"),
        ("/collections/1/runs/1/", "Collections", "true"),
        ("/collections/1/runs/1/log", "Collections", "true"),
        ("/collections/1/runs/1/products/", "Collections", "true"),
        ("/collections/1/changes/", "Collections", "true"),
        ("/new/", "New crawl", "page"),
        ("/operator/users/1/", "Users", "true"),
    ],
)
def test_the_menu_says_where_one_is(
    reader: Reader, app: Flask, ann: User, path: str, name: str, how: str
) -> None:
    stored(app, ann.id)
    menu = reader.get(path).text.partition('aria-label="Pages"')[2].partition("</nav>")[0]
    assert re.findall(r'aria-current="(\w+)">([^<]+)<', menu) == [(how, name)]


def test_a_busy_database_is_a_page_with_a_sentence(
    reader: Reader, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.db.conn.execute("ALTER TABLE users RENAME COLUMN available_credits TO gone")
    answer = reader.get("/account/")
    assert answer.status_code == 503
    assert "try again in a moment" in answer.text
    assert "Traceback" not in answer.text


def test_what_signs_cookies_is_the_owners_alone(app: Flask) -> None:
    assert (var_folder() / "web.secret").stat().st_mode & 0o777 == 0o600


def test_titles_with_markup_stay_text(reader: Reader, store: Store, ann: User) -> None:
    evil = "<script>alert(1)</script>"
    store.db.conn.execute("UPDATE users SET name = ? WHERE id = ?", (evil, ann.id))
    shown = reader.get("/account/").text
    assert evil not in shown
    assert "&lt;script&gt;" in shown
