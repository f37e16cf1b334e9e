"""The table of routes: each with no credential, a wrong, an expired, a disabled user's, another's.

It is made of the application's own list of operations, so that a new route is in it by itself;
one that names nothing of anybody's has to be entered in ``NAMES_NOTHING``.
"""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from api.accounts.secret import hash_of, new_secret
from api.products.forms import CHANGES_FORMS, MIMETYPES
from api.rest.operation import Operation
from api.runners.attempts import folder_of
from api.runners.recurrence import Recurrence
from api.store import Store
from api.store.records import Outcome, Runner, StoredRequest
from api.store.stage import Stage
from tests.api.services import BODY, Caller, new_user
from tests.crawls import DOMAIN, POSTCODE

IDS = ("collection_id", "runner_id", "from_runner", "to_runner", "id")
NAMES_NOTHING = {
    "schedules/amazon/category/add_schedule",
    "schedules/amazon/category/history",
    "schedules/amazon/category/list",
    "schedules/amazon/category/preview",
    "zipcodes/create-zipcode",
    "zipcodes/get-zipcodes",
    "users/logout",
    "users/credits",
    "users/settings",
    "users/api-key/regenerate",
}
SCHEDULE = {"cron": "0 6 * * *", "timezone": "Australia/Sydney"}
NOW = datetime.now(UTC)
PUBLIC = {"settings/domains", "users/login", "healthz", "metrics"}


class Table:
    """Every operation over one installation in which Alice owns something of everything."""

    def __init__(self, app: Flask, alice: Caller) -> None:
        self.app = app
        self.store: Store = app.extensions["services"].store
        self.operations: list[Operation] = app.extensions["operations"]
        first = self.store.runners.add_collection(
            alice.user, "Lamps", StoredRequest(BODY), [], plan=Recurrence(**SCHEDULE).plan(NOW)
        )
        self.fail(first)
        runner = self.store.runners.add(first, 0, 1)
        assert runner is not None
        self.fail(runner)
        zipcode, _ = self.store.sessions.add_zipcode(
            alice.user, DOMAIN, POSTCODE, None, lambda: True
        )
        self.ids = {
            "collection_id": runner.collection.id,
            "runner_id": runner.id,
            "from_runner": first.id,
            "to_runner": runner.id,
            "id": zipcode.id,
        }

    def fail(self, runner: Runner) -> None:
        """End a runner that has kept a product."""
        folder = folder_of(runner)
        folder.path.mkdir(parents=True)
        folder.partial_rows.write_text('{"asin": "B000000001"}\n')
        self.store.runners.end(
            runner.id, Outcome(Stage.FAILED, failed_reason="blocked", asin_count=1)
        )

    def call(self, one: Operation, headers: dict[str, str]) -> list[TestResponse]:
        """The operation's answers at each of its addresses, with Alice's ids."""
        client = self.app.test_client()
        more = {"domain": DOMAIN, "schedule": SCHEDULE, "rules": [{"kind": "new"}], "name": "Lamps"}
        more |= {"retention": {"days": 30}}
        given = BODY | more | self.ids
        # Some calls refuse fields that they do not know.
        fields = one.body.model_fields if one.body is not None else {}
        body = {name: given[name] for name in given if name in fields} if fields else None
        return [
            client.open(path, method=one.method, json=body, headers=headers)
            for path in self.paths(one)
        ]

    def paths(self, one: Operation) -> list[str]:
        all_forms = CHANGES_FORMS if "changes" in one.path else tuple(MIMETYPES)
        forms = all_forms if "{form}" in one.path else ("",)
        bare = [one.path.format(**self.ids, form=form).rstrip("/") for form in forms]
        return [path for each in bare for path in (each, f"{each}/")]


@pytest.fixture
def table(app: Flask, alice: Caller) -> Table:
    return Table(app, alice)


def short(one: Operation) -> str:
    return one.path.removeprefix("/api/v1").strip("/")


def names_something(one: Operation) -> bool:
    fields = set(one.body.model_fields) if one.body is not None else set()
    return bool(fields & set(IDS)) or any(f"{{{name}}}" in one.path for name in IDS)


def refused(table: Table, headers: dict[str, str]) -> None:
    """Every secured operation answers 401, every public one as it does without a credential."""
    for one in table.operations:
        for answer in table.call(one, headers):
            envelope: dict[str, Any] = answer.get_json()
            if one.secured:
                assert (answer.status_code, envelope["code"]) == (401, 401), one.path
                assert envelope["status"] == 0
            else:
                assert answer.status_code != 401 or short(one) == "users/login", one.path


def test_every_operation_is_entered(table: Table) -> None:
    secured = [one for one in table.operations if one.secured]
    assert {short(one) for one in secured if not names_something(one)} == NAMES_NOTHING
    assert {short(one) for one in table.operations if not one.secured} == PUBLIC


@pytest.mark.parametrize(
    "headers",
    [{}, {"x-api-key": "wrong"}, {"Authorization": "Token wrong"}],
    ids=["none", "wrong key", "wrong token"],
)
def test_without_a_good_credential(table: Table, headers: dict[str, str]) -> None:
    refused(table, headers)


def test_with_an_expired_token(table: Table, alice: Caller) -> None:
    token = new_secret()
    table.store.users.add_token(alice.user, hash_of(token), "2026-01-01T00:00:00Z")
    refused(table, {"Authorization": f"Token {token}"})


def test_as_a_disabled_user(table: Table, alice: Caller) -> None:
    table.store.users.set_active(alice.user, active=False)
    refused(table, {"x-api-key": alice.key})


def test_with_anothers_ids(table: Table, app: Flask) -> None:
    for number, one in enumerate(one for one in table.operations if names_something(one)):
        stranger = new_user(app, f"stranger{number}@example.org")
        for answer in table.call(one, {"x-api-key": stranger.key}):
            assert answer.status_code == 404, one.path
    assert table.store.sessions.zipcode(table.ids["id"]) is not None


def test_with_ones_own_ids(table: Table, alice: Caller) -> None:
    """The same calls are right when their owner makes them; the table compares like with like."""
    # The collection is deleted at the end.
    for one in sorted(table.operations, key=lambda one: short(one).endswith("/delete")):
        if not names_something(one):
            continue
        answer = table.call(one, {"x-api-key": alice.key})[0]
        assert answer.status_code in (200, 503), (one.path, answer.text)
