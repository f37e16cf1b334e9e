"""The operator's commands, as typed."""

import re
import shutil
import sqlite3

import pytest
from flask import Flask

from category_crawler.daemon.address import console, password_file
from tests.api.services import CATEGORY, flask
from tests.crawls import Home


def test_a_users_key_is_printed_once_and_works(app: Flask) -> None:
    created = flask("users", "create", "ann@example.org")
    assert created.returncode == 0
    (key,) = created.stdout.split()
    answer = app.test_client().post(f"{CATEGORY}/list/", headers={"x-api-key": key})
    assert answer.status_code == 200
    listed = flask("users", "list").stdout
    assert "ann@example.org" in listed
    assert key not in listed


def test_a_check_of_no_session_says_that_there_is_none(app: Flask, home: Home) -> None:
    shutil.rmtree(home.folder / "cookies")
    checked = flask("zipcodes", "check")
    assert (checked.returncode, checked.stdout) == (0, "")
    assert checked.stderr.startswith("There is no delivery session in ")


def test_a_check_says_whom_it_asks_and_for_how_long(
    app: Flask, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in home.shop.environment().items():
        monkeypatch.setenv(name, value)
    checked = flask("zipcodes", "check")
    assert checked.stderr == "Asking www.amazon.com.au about 4500, for at most 3 min …\n"
    assert checked.stdout.startswith("amazon.com.au 4500\tactive\t")


@pytest.mark.parametrize("command", [("users", "list"), ("runners", "list"), ("prune",)])
def test_a_damaged_database_is_a_sentence(
    home: Home, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("CATEGORY_CRAWLER_HOME", str(home.folder))
    (home.folder / "var").mkdir()
    (home.folder / "var" / "api.db").write_bytes(b"this is no database " * 500)
    ended = flask(*command)
    assert ended.returncode > 0
    assert (
        "cannot be used (file is not a database): move it away and restore its backup"
        in ended.stderr
    )
    assert "Traceback" not in ended.stderr


def test_a_database_damaged_while_it_is_used_is_a_sentence(app: Flask, home: Home) -> None:
    key = flask("users", "create", "ann@example.org").stdout.strip()
    app.extensions["services"].store.close()
    for path in (home.folder / "var").glob("api.db-*"):
        path.unlink()
    (home.folder / "var" / "api.db").write_bytes(b"this is no database " * 500)
    answer = app.test_client().post(f"{CATEGORY}/list/", headers={"x-api-key": key})
    assert answer.status_code == 503
    assert answer.get_json()["data"].startswith("The database is damaged")


def test_a_name_loses_its_control_characters(app: Flask) -> None:
    flask("users", "create", "ann@example.org", "--name", "Ann\x1b[2J\tLee")
    (user,) = app.extensions["services"].store.users.all()
    assert user.name == "Ann [2J Lee"


def test_an_address_is_taken_once(app: Flask) -> None:
    flask("users", "create", "ann@example.org")
    again = flask("users", "create", "ann@example.org")
    assert again.returncode == 1
    assert again.stderr == "Error: there is a user ann@example.org already\n"


@pytest.mark.parametrize(
    "address", ["ann", "@", "ann@", "@example.org", "a b@example.org", "a@b@c"]
)
def test_a_wrong_address_is_refused(app: Flask, address: str) -> None:
    refused = flask("users", "create", address)
    assert refused.returncode == 2
    assert address in refused.stderr
    assert "Traceback" not in refused.stderr
    assert app.extensions["services"].store.users.all() == []


def test_a_password_is_read_from_standard_input(app: Flask) -> None:
    flask("users", "create", "ann@example.org")
    assert flask("users", "password", "ann@example.org", typed="a long password\n").returncode == 0
    body = {"email": "ann@example.org", "password": "a long password"}
    assert app.test_client().post("/api/v1/users/login/", json=body).status_code == 200
    short = flask("users", "password", "ann@example.org", typed="short\n")
    assert (short.returncode, short.stderr) == (1, "Error: a password has 10 to 1024 characters\n")
    given = flask("users", "password", "ann@example.org", "a long password")
    assert given.returncode == 2, "a password is never an argument"


def test_a_user_is_kept_out_and_let_in_again(app: Flask) -> None:
    key = flask("users", "create", "ann@example.org").stdout.strip()

    def listed() -> int:
        headers = {"x-api-key": key}
        return app.test_client().post(f"{CATEGORY}/list/", headers=headers).status_code

    assert flask("users", "disable", "ANN@example.org").returncode == 0
    assert listed() == 401
    assert "disabled" in flask("users", "list").stdout
    assert flask("users", "enable", "ann@example.org").returncode == 0
    assert listed() == 200


def test_nobody_is_named(app: Flask) -> None:
    for command in ("disable", "enable", "password"):
        refused = flask("users", command, "nobody@example.org")
        assert (refused.returncode, refused.stderr) == (
            1,
            "Error: there is no user nobody@example.org\n",
        )


@pytest.mark.parametrize(
    "words",
    [
        ("users", "list"),
        ("runners", "resume", "1"),
        ("prune", "--older-than", "1d"),
    ],
)
def test_a_database_without_its_tables_is_said_in_a_sentence(
    app: Flask, home: Home, words: tuple[str, ...]
) -> None:
    connection = app.extensions["services"].store.db.conn
    connection.execute("PRAGMA foreign_keys = OFF")
    for table in ("notices", "attempts", "runners", "zipcodes", "sessions", "collections", "users"):
        connection.execute(f"DROP TABLE {table}")
    said = flask(*words)
    assert said.returncode == 1
    assert re.fullmatch("Error: the database cannot be used: no such table: .*\n", said.stderr)


def test_a_locked_database_is_said_in_a_sentence(app: Flask, home: Home) -> None:
    app.extensions["services"].store.db.conn.execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(home.folder / "var" / "api.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    said = app.test_cli_runner().invoke(args=["users", "create", "ann@example.org"])
    other.execute("ROLLBACK")
    other.close()
    assert (said.exit_code, said.output) == (
        1,
        "Error: the database cannot be used: database is locked\n",
    )


def test_the_consoles_password_is_not_shown_but_found(app: Flask) -> None:
    shown = flask("console")
    assert str(password_file()) in shown.stdout
    assert console().password not in shown.stdout
    assert console().password not in repr(console())
    assert password_file().stat().st_mode & 0o777 == 0o600


def test_the_first_user_is_without_limit_and_others_are_granted_theirs(app: Flask) -> None:
    flask("users", "create", "ann@example.org")
    created = flask("users", "create", "bob@example.org")
    assert "users credits bob@example.org NUMBER" in created.stderr
    assert "spendable\tunlimited" in flask("users", "credits", "ann@example.org").stdout
    assert "spendable\t0" in flask("users", "credits", "bob@example.org").stdout
    assert "spendable\t500" in flask("users", "credits", "bob@example.org", "500").stdout
    assert "spendable\t480" in flask("users", "credits", "bob@example.org", "-20").stdout
    assert (
        "spendable\tunlimited" in flask("users", "credits", "bob@example.org", "unlimited").stdout
    )
    refused = flask("users", "credits", "bob@example.org", "many")
    assert refused.returncode == 2
    assert "'many'" in refused.stderr


def test_the_first_user_is_the_operator_and_roles_can_be_changed(app: Flask) -> None:
    for email in ("ann@example.org", "bob@example.org"):
        assert flask("users", "create", email).returncode == 0
    heading, ann, bob = flask("users", "list").stdout.splitlines()
    assert heading.split()[:5] == ["ID", "EMAIL", "ROLE", "STATE", "CAN-SPEND"]
    assert ann.split()[1:5] == ["ann@example.org", "operator", "active", "unlimited"]
    assert bob.split()[1:5] == ["bob@example.org", "user", "active", "0"]
    assert flask("users", "role", "bob@example.org", "operator").returncode == 0
    assert flask("users", "list").stdout.splitlines()[2].split()[2] == "operator"
    assert "'king' is not one of" in flask("users", "role", "bob@example.org", "king").stderr
