"""What clients get wrong: each answer is an envelope whose sentence names the field."""

from typing import Any

import pytest
from flask import Flask

from api.rest.operation import Operation
from tests.api.services import BODY, CATEGORY, Caller, Daemon
from tests.crawls import URL

PATH = f"{CATEGORY}/add_schedule/"
ABSENT = object()
NODE = BODY["amazon_node_id"]

_TEXT_FIELDS = ("category_url", "amazon_node_id", "domain", "postcode")
_NO_TEXTS = (ABSENT, None, 4500, 1.5, True, [], {}, [URL], "", " ", "x" * 35_000)
WRONG: list[tuple[str, Any]] = [
    *((field, value) for field in _TEXT_FIELDS for value in _NO_TEXTS),
    *(
        ("category_url", value)
        for value in (
            URL.replace("com.au", "com"),
            URL.replace("www.amazon.com.au", "evil.example"),
            URL.replace("www.amazon.com.au", "www.amazon.com.au.evil.example"),
            URL.replace("www.amazon.com.au", "smile.amazon.com.au"),
            URL.replace("www.amazon.com.au", "127.0.0.1"),
            URL.replace("www.amazon.com.au", "[::1]"),
            URL.replace("www.amazon.com.au", "169.254.169.254"),
            URL.replace("com.au/", "com.au:443/"),
            URL.replace("www.", "user:secret@www."),
            URL.replace("www.", "user@www."),
            URL.replace("https:", "http:"),
            URL.replace("https:", "file:"),
            URL.replace("https:", "javascript:"),
            URL.replace("https://", "//"),
            URL.replace("www.amazon.com.au", "www.amazon.com.au\\@evil.example"),
            "www.amazon.com.au/s?rh=n%3A1",
            "https://www.amazon.com.au/s?k=lamp",
            "https://www.amazon.com.au/dp/B000000001",
            "https://www.amazon.com.au/s?rh=n%3A",
            f"{URL}\n",
            f"\t{URL}",
            "not a url",
            f"{URL}&x={'y' * 3000}",
        )
    ),
    *(
        ("amazon_node_id", value)
        for value in (
            *("1", f"{NODE} ", f"{NODE}\n", f"-{NODE}", f"+{NODE}", "../1", "n:1", "4851693051x"),
            *("4851693051", "٤٨٥١٦٩٣٠٥١", 4851693051, 2**63),
        )
    ),
    *(
        ("domain", value)
        for value in (
            *("amazon.com", "amazon.nl", "www.amazon.com.au", "AMAZON.COM.AU", "amazon.com.au."),
            *("evil.example", "../amazon.com.au", "amazon.com.au\n"),
        )
    ),
    *(
        ("postcode", value)
        for value in (
            *(
                "450",
                "45000",
                "4500\n",
                " 4500 0",
                "../4500",
                "../../etc/passwd",
                "4500/..",
                "٤٥٠٠",
            ),
            *("4500", "abcd", "-450", "4500\x00", "45\u200b00", 4500, 2**63),
        )
    ),
    *(("name", value) for value in ("", "x" * 256, 5, True, [], {})),
    *(
        (field, value)
        for field in ("filter_prime_ships_from_au", "include_sponsored")
        for value in ("true", "", 1, 0, [], {}, "yes")
    ),
    *(("filter_delivery_day", value) for value in ("today", "", "TOMORROW", 1, True, [])),
    *(
        (field, value)
        for field in ("price_min_cents", "price_max_cents")
        for value in (-1, "100", "", 1.5, True, [], {}, 2**63, 10**30)
    ),
    *(("max_products", value) for value in (0, -1, "5", 1.5, True, [], 10**30)),
    *(("notification_email", value) for value in ("x", "", "a@", "@b", "a@b\n", 5, [])),
    *(("priority", value) for value in ("", "normal", "Urgent", 1, True, [])),
    *(
        ("webhook_url", value)
        for value in ("", "x", "http://example.org/", "ftp://example.org/", "https://", 5, [])
    ),
]


def shown(value: Any) -> str:
    return "absent" if value is ABSENT else ascii(value)[:40]


@pytest.mark.parametrize(
    ("field", "value"), WRONG, ids=[f"{field}={shown(value)}" for field, value in WRONG]
)
def test_a_wrong_field_is_named(alice: Caller, field: str, value: Any) -> None:
    if value == BODY.get(field):
        pytest.skip("a right one")
    body = BODY | {field: value}
    if value is ABSENT:
        del body[field]
    answer = alice.post(PATH, body)
    envelope = answer.get_json()
    assert (answer.status_code, envelope["code"], envelope["status"]) == (400, 400, 0)
    assert field in envelope["data"]
    assert "secret" not in envelope["data"], "a password in a URL is not repeated"
    assert len(envelope["data"]) < 500
    assert alice.post(f"{CATEGORY}/list/").get_json()["data"]["total"] == 0


def test_prices_that_cross_are_both_named(alice: Caller) -> None:
    answer = alice.post(PATH, BODY | {"price_min_cents": 200, "price_max_cents": 100})
    assert answer.get_json()["data"] == "price_min_cents 200 is above price_max_cents 100"


def test_a_node_that_is_not_the_urls_is_named_with_it(alice: Caller) -> None:
    answer = alice.post(PATH, BODY | {"amazon_node_id": "1"})
    assert "is 1 " in answer.get_json()["data"]
    assert NODE in answer.get_json()["data"]


@pytest.mark.parametrize("call", ["result", "cancel"])
@pytest.mark.parametrize("value", [ABSENT, None, "1", 1.5, True, 0, -1, [], 2**63, 10**30])
def test_an_id_is_a_positive_integer(alice: Caller, call: str, value: Any) -> None:
    answer = alice.post(f"{CATEGORY}/{call}/", {} if value is ABSENT else {"collection_id": value})
    assert answer.status_code == 400
    assert "collection_id" in answer.get_json()["data"]


def test_the_largest_id_is_merely_not_there(alice: Caller) -> None:
    answer = alice.post(f"{CATEGORY}/result/", {"collection_id": 2**63 - 1})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("body", "code", "word"),
    [
        (b"{", 400, "JSON"),
        (b"[]", 400, "a JSON object, not an array"),
        (b'"x"', 400, "a JSON object, not a string"),
        (b"null", 400, "a JSON object, not null"),
        (b"1.5", 400, "a JSON object, not a number"),
        (b"\xff\xfe", 400, "JSON"),
        (b'{"a": NaN}', 400, "missing"),
        (b"[" * 30_000, 400, "JSON"),
        (b'{"a": "' + b"x" * 65_536 + b'"}', 413, "64 KiB"),
        (b"", 400, "category_url is missing"),
    ],
)
def test_a_body_that_is_none(alice: Caller, body: bytes, code: int, word: str) -> None:
    answer = alice.client.post(
        PATH, data=body, content_type="application/json", headers={"x-api-key": alice.key}
    )
    assert (answer.status_code, answer.get_json()["code"]) == (code, code)
    assert word in answer.get_json()["data"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "x"])
def test_a_body_that_is_not_declared_as_json(alice: Caller, kind: str) -> None:
    answer = alice.client.post(
        PATH, data=b"{}", content_type=kind, headers={"x-api-key": alice.key}
    )
    assert answer.status_code == 415
    assert "application/json" in answer.get_json()["data"]


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_under_its_other_names(alice: Caller, kind: str) -> None:
    answer = alice.client.post(
        f"{CATEGORY}/list/", data=b"{}", content_type=kind, headers={"x-api-key": alice.key}
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/nothing", 404),
        ("POST", "/api/v1/schedules/amazon/category/add_schedule/x", 404),
        ("GET", "/api/v1//settings/domains/", 404),
        ("GET", "/static/docs.html", 404),
        ("GET", PATH, 405),
        ("DELETE", PATH, 405),
        ("POST", "/healthz", 405),
        ("GET", "/api/v1/settings/domains/", 405),
        ("GET", "/api/v1/results/1/1/passwd", 404),
        ("GET", "/api/v1/results/-1/1/category_asins.json", 404),
        ("GET", f"/api/v1/results/{2**63}/1/category_asins.json", 404),
        ("GET", "/api/v1/results/1/..%2f1/category_asins.json", 404),
    ],
)
def test_paths_and_methods(alice: Caller, method: str, path: str, code: int) -> None:
    answer = alice.client.open(path, method=method, headers={"x-api-key": alice.key})
    assert (answer.status_code, answer.get_json()["code"]) == (code, code)
    assert answer.get_json()["status"] == 0
    if code == 405:
        assert answer.headers["Allow"]


def test_an_unexpected_failure_says_nothing_of_itself(
    app: Flask, alice: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a secret path")

    monkeypatch.setattr(app.extensions["services"].jobs.store.runners, "page", fail)
    answer = alice.post(f"{CATEGORY}/list/")
    assert answer.status_code == answer.get_json()["code"] == 500
    assert "secret" not in answer.text


CONTROLS = ("\0", "\n", "\t", "\x1b[2J", "\x7f", "\x85", "\u2028")


def test_a_control_character_is_refused_in_every_field_of_every_call(
    app: Flask, alice: Caller
) -> None:
    operations: list[Operation] = app.extensions["operations"]
    fields = [(one.path, name) for one in operations if one.body for name in one.body.model_fields]
    assert len(fields) > 20
    for path, name in fields:
        if name == "name":
            continue
        for control in CONTROLS:
            sent = alice.post(path, {name: f"a{control}b"})
            assert sent.status_code == 400, (path, name, control)
            code = f"U+{ord(control[0]):04X}"
            said = f"{name} holds the control character {code}: leave it out"
            assert sent.get_json()["data"] == said
            within = alice.post(path, {name: [{"x": control}]})
            assert within.status_code == 400, (path, name, control)


def test_a_name_that_no_field_has_is_told_without_its_control_characters(
    alice: Caller, no_slot: None, scrapyd: Daemon
) -> None:
    answer = alice.post(PATH, BODY | {"na\0me": "Lamps", "x\n": "\0"}).get_json()
    assert answer["code"] == 200
    assert answer["data"]["warnings"] == [
        "na me is not a known field",
        "x is not a known field",
    ]


def test_a_whole_number_may_be_written_with_a_point(
    alice: Caller, no_slot: None, scrapyd: Daemon
) -> None:
    assert alice.post(PATH, BODY | {"max_products": 5.0}).get_json()["code"] == 200
    assert alice.post(PATH, BODY | {"max_products": 5.5}).get_json()["code"] == 400


@pytest.mark.parametrize(
    ("given", "kept"),
    [("La\0mps\n", "Lamps"), ("\x1b[2JLamps", "[2JLamps"), ("\t\x85", f"amazon_category_{NODE}")],
)
def test_a_name_loses_its_control_characters(
    alice: Caller, no_slot: None, scrapyd: Daemon, given: str, kept: str
) -> None:
    assert alice.result(alice.schedule(name=given))["name"] == kept


def test_every_wrong_field_is_named_at_once(alice: Caller) -> None:
    wrong = {
        "amazon_node_id": "7",
        "postcode": "99",
        "max_products": 0,
        "priority": "Soon",
        "webhook_url": "http://example.org/",
    }
    answer = alice.post(PATH, BODY | wrong).get_json()
    assert answer["code"] == 400
    said = {error["field"]: error["message"] for error in answer["errors"]}
    assert set(said) == set(wrong)
    assert said["postcode"].startswith("postcode is '99': on amazon.com.au it must match")
    assert all(message in answer["data"] for message in said.values())


def test_missing_fields_are_named_at_once(alice: Caller) -> None:
    errors = alice.post(PATH, {}).get_json()["errors"]
    assert {error["field"]: error["message"] for error in errors} == {
        name: f"{name} is missing" for name in _TEXT_FIELDS
    }


def test_other_errors_have_no_list_of_fields(alice: Caller) -> None:
    answer = alice.post(f"{CATEGORY}/result/", {"collection_id": 99}).get_json()
    assert (answer["code"], "errors" in answer) == (404, False)


def test_no_list_of_fields_shows_a_secret(app: Flask) -> None:
    body = {"email": "", "password": ["hush"]}
    answer = app.test_client().post("/api/v1/users/login/", json=body)
    assert {error["field"] for error in answer.get_json()["errors"]} == {"email", "password"}
    assert "hush" not in answer.text


def test_a_postcode_with_a_control_character_makes_no_session(app: Flask, alice: Caller) -> None:
    asked = {"domain": 1, "zipcode": "4500", "suburb": "BRAY\0PARK"}
    assert alice.post("/api/v1/zipcodes/create-zipcode/", asked).status_code == 400
    assert alice.post("/api/v1/zipcodes/get-zipcodes/").get_json()["data"] == []


def test_letters_of_every_script_are_no_control_characters(alice: Caller) -> None:
    answer = alice.post(PATH, BODY | {"name": "ランプ, مصابيح, Lámparas \u200d\U0001f4a1"})
    assert answer.status_code == 503, "right in itself; only that Scrapyd is away here"


def test_null_in_an_optional_field_means_absent(alice: Caller) -> None:
    optional = ("name", "filter_delivery_day", "price_max_cents", "webhook_url", "priority")
    answer = alice.post(PATH, BODY | dict.fromkeys(optional))
    assert answer.status_code == 503, "right in itself; only that Scrapyd is away here"


@pytest.mark.parametrize(
    ("call", "fields"),
    [
        ("products", {"limit": None, "skip": None, "facets": None}),
        ("list", {"limit": None, "skip": None, "collection_id": None}),
        ("result", {"include_asins": None, "limit": None, "skip": None}),
    ],
)
def test_null_means_that_an_optional_field_is_absent(
    alice: Caller, scrapyd: Daemon, call: str, fields: dict[str, Any]
) -> None:
    own = {"collection_id": alice.schedule()}
    answers = [
        alice.post(f"{CATEGORY}/{call}/", given).get_json()["data"] for given in (own, fields | own)
    ]
    assert type(answers[0]) is type(answers[1])
    assert answers[0] != "", answers
    assert not isinstance(answers[1], str), answers[1]


@pytest.mark.parametrize(
    ("call", "fields", "wrong"),
    [
        ("products", {"collection_id": 1, "serach": "lamp"}, "serach"),
        ("changes", {"collection_id": 1, "from": 3}, "from"),
        ("history", {"asin": "B000000001", "domian": "amazon.com"}, "domian"),
        ("set_alerts", {"collection_id": 1, "rules": [], "dryrun": True}, "dryrun"),
        ("set_retention", {"collection_id": 1, "retention": None, "dryrun": True}, "dryrun"),
        ("update_schedule", {"collection_id": 1, "schedule": None, "cron": "0 6 * * *"}, "cron"),
    ],
)
def test_a_misspelt_field_of_our_own_calls_changes_nothing(
    alice: Caller, call: str, fields: dict[str, Any], wrong: str
) -> None:
    answer = alice.post(f"{CATEGORY}/{call}/", fields)
    assert answer.status_code == 400
    assert answer.get_json()["data"] == f"{wrong} is not a known field"


def test_a_rule_about_two_fields_is_said_without_the_body(alice: Caller) -> None:
    crossed = {"collection_id": 1, "price_min_cents": 9, "price_max_cents": 3}
    said = alice.post(f"{CATEGORY}/products/", crossed).get_json()["data"]
    assert said == "price_min_cents 9 is above price_max_cents 3"
    neither = {"collection_id": 1, "schedule": {"timezone": "UTC"}}
    said = alice.post(f"{CATEGORY}/update_schedule/", neither).get_json()["data"]
    assert said == "schedule: name either cron or every"
