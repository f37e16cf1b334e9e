"""The operator's commands, as typed."""

import os
import subprocess
import sys

import pytest
from flask import Flask

from category_crawler.console import console, password_file
from category_crawler.home import PROJECT
from tests.api.services import CATEGORY


def flask(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "api", *words],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        env=os.environ,
        timeout=60,
        check=False,
    )


def test_a_users_key_is_printed_once_and_works(app: Flask) -> None:
    created = flask("users", "create", "ann@example.org")
    assert created.returncode == 0
    (key,) = created.stdout.split()
    answer = app.test_client().post(f"{CATEGORY}/list/", headers={"x-api-key": key})
    assert answer.status_code == 200
    listed = flask("users", "list").stdout
    assert "ann@example.org" in listed
    assert key not in listed


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
    assert app.extensions["store"].users() == []


def test_the_consoles_password_is_not_shown_but_found(app: Flask) -> None:
    shown = flask("console")
    assert str(password_file()) in shown.stdout
    assert console().password not in shown.stdout
    assert console().password not in repr(console())
    assert password_file().stat().st_mode & 0o777 == 0o600
