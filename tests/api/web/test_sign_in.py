"""Signing in by password and by link, the first user, signing out, and who may not."""

import logging
import re

import pytest
from flask import Flask

from api.accounts.secret import hash_of
from api.store import Store
from api.store.records import Role, User
from category_crawler.times import utc_in
from tests.api.services import flask
from tests.api.web.reader import PASSWORD, Reader


def test_the_address_without_a_path_leads_to_the_pages(stranger: Reader, reader: Reader) -> None:
    answer = stranger.get("/")
    assert (answer.status_code, answer.location) == (302, "/sign-in?next=/")
    assert reader.get("/").location == "/collections/"


def test_a_password_signs_in_and_leads_where_one_wanted_to_go(stranger: Reader, ann: User) -> None:
    wanted = stranger.get("/account/?a=1").location
    assert wanted == "/sign-in?next=/account/?a%3D1"
    answer = stranger.send(wanted, wanted, email=ann.email, password=PASSWORD)
    assert answer.location == "/account/?a=1"
    assert ann.email in stranger.get("/account/").text


@pytest.mark.parametrize("where", ["https://evil.example", "//evil.example", "/\\evil.example", ""])
def test_nobody_is_led_to_another_site(stranger: Reader, ann: User, where: str) -> None:
    path = f"/sign-in?next={where}"
    assert stranger.send(path, path, email=ann.email, password=PASSWORD).location == "/"


def test_while_there_is_no_user_it_is_said_which_link_makes_one(
    stranger: Reader, store: Store
) -> None:
    assert "<code>make serve</code> printed makes the first user" in stranger.get("/sign-in").text
    store.users.add("ann@example.org", "Ann", "0" * 64)
    assert "make serve" not in stranger.get("/sign-in").text


def test_a_wrong_password_is_a_sentence_on_the_page(stranger: Reader, ann: User) -> None:
    for email in (ann.email, "nobody@example.org"):
        answer = stranger.sign_in(email, "wrong horses")
        assert answer.status_code == 401
        assert "Wrong e-mail address or password." in answer.text
        assert email in answer.text
        assert "wrong horses" not in answer.text


def test_too_many_wrong_passwords_have_to_wait(stranger: Reader, ann: User) -> None:
    answers = [stranger.sign_in(ann.email, "wrong horses") for _ in range(7)]
    assert answers[-1].status_code == 429
    assert re.search(r"try again in \d+ s", answers[-1].text)


def test_a_link_signs_in_once(stranger: Reader, app: Flask, ann: User) -> None:
    made = flask("users", "link", ann.email)
    path = "/sign-in/" + made.stdout.strip().rpartition("/")[2]
    assert made.stdout.startswith("http://127.0.0.1:")
    assert stranger.client.head(path).status_code == 200
    assert stranger.get(path).location == "/"
    assert ann.email in stranger.get("/account/").text
    late = Reader(app.test_client()).get(path)
    assert late.status_code == 410
    assert "This link has been used" in late.text


def test_an_old_link_and_one_of_a_disabled_user_sign_nobody_in(
    stranger: Reader, store: Store, ann: User
) -> None:
    store.links.add(hash_of("old"), ann.id, utc_in(-1))
    store.links.add(hash_of("disabled"), ann.id, utc_in(60))
    store.users.set_active(ann.id, active=False)
    for secret in ("old", "disabled", "unknown"):
        assert stranger.get(f"/sign-in/{secret}").status_code == 410
    assert flask("users", "link", ann.email).returncode == 1


def test_the_first_user_is_made_by_a_link_and_is_the_operator(
    stranger: Reader, app: Flask, store: Store
) -> None:
    path = "/sign-in/" + flask("users", "link").stdout.strip().rpartition("/")[2]
    assert stranger.send(path, path, email="ann", password=PASSWORD).status_code == 400
    short = stranger.send(path, path, email="ann@example.org", password="short")
    assert "10 to 1024 characters" in short.text
    assert not store.users.is_any()
    other = Reader(app.test_client())
    proof = other.proof(path)
    assert stranger.send(path, path, email="ann@example.org", password=PASSWORD).location == "/"
    (ann,) = store.users.all()
    assert (ann.role, ann.name) == (Role.OPERATOR, "ann")
    assert store.credits.of(ann.id).spendable is None
    late = {"csrf_token": proof, "email": "bob@example.org", "password": PASSWORD}
    assert other.client.post(path, data=late).status_code == 410
    assert len(store.users.all()) == 1
    assert flask("users", "link").returncode == 2


def test_no_secret_of_a_link_is_logged(
    stranger: Reader, app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    secret = app.extensions["services"].accounts.new_link(None)
    with caplog.at_level(logging.INFO):
        stranger.get(f"/sign-in/{secret}")
    assert "GET /sign-in/" in caplog.text
    assert secret not in caplog.text


def test_signing_out_ends_the_token(reader: Reader, app: Flask, ann: User) -> None:
    stolen = reader.client.get_cookie("category_crawler")
    assert stolen is not None
    assert reader.send("/account/", "/sign-out").location == "/sign-in"
    assert reader.get("/account/").status_code == 302
    thief = app.test_client()
    thief.set_cookie("category_crawler", stolen.value)
    assert thief.get("/account/").status_code == 302


def test_an_expired_cookie_leads_to_the_form(reader: Reader, store: Store, ann: User) -> None:
    store.users.set_active(ann.id, active=True)  # ends every token
    assert reader.get("/account/").location == "/sign-in?next=/account/"
    part = reader.get("/account/", **{"HX-Request": "true"})
    assert (part.status_code, part.headers["HX-Redirect"]) == (401, "/sign-in?next=/account/")


def test_the_cookie_is_kept_from_scripts_other_sites_and_plain_http(app: Flask, ann: User) -> None:
    fields = {"email": ann.email, "password": PASSWORD}
    for scheme, is_secure in (("http", False), ("https", True)):
        base, client = f"{scheme}://localhost", app.test_client()
        form = client.get("/sign-in", base_url=base).text
        proof = re.search(r'csrf_token" value="([^"]+)"', form)
        assert proof is not None
        answer = client.post("/sign-in", base_url=base, data={"csrf_token": proof[1], **fields})
        cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert ("Secure" in cookie) is is_secure
