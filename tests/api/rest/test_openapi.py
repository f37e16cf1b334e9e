"""The specification: complete, true of every answer, and readable without a network."""

import re

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, checks
from schemathesis.schemas import APIOperation

from api.runners.watch import Watcher
from category_crawler.domain_config import DOMAINS
from tests.api.services import Caller, Daemon, new_user


def test_no_answer_is_undocumented_and_none_a_server_error(app: Flask, scrapyd: Daemon) -> None:
    specification = schemathesis.openapi.from_wsgi("/openapi.json", app)
    watcher = Watcher(app.extensions["services"].jobs)
    tried = 0
    for found in specification.get_all_operations():
        # Without it a job that has long begun counts as waiting, and /healthz says so.
        watcher.refresh_all()
        # One of the calls ends the caller's key: each has a caller of its own.
        _try_out(found.ok(), new_user(app, f"{tried}@example.org"))
        tried += 1
    assert tried >= 7


def _try_out(operation: APIOperation, caller: Caller) -> None:
    """Call an operation with what its schema allows and with what it does not."""

    @settings(
        max_examples=30, deadline=None, derandomize=True, suppress_health_check=[*HealthCheck]
    )
    @given(
        st.one_of(
            operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
            operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
        )
        if operation.body or operation.path_parameters
        else operation.as_strategy()
    )
    def call(case: Case) -> None:
        # No schema can say that a node and a domain are those of the URL, what cron is, or that
        # the lowest price is not above the highest, or that a rule names days or runs.
        ruled = ("/add_schedule/", "/preview/", "/update_schedule/", "/products/")
        ruled += ("/set_retention/",)
        has_rules = operation.path.endswith(ruled)
        left_out = [checks.positive_data_acceptance] if has_rules else []
        # 503 is how a preview says that it is being made.
        left_out += [checks.not_a_server_error] if operation.path.endswith("/preview/") else []
        case.call_and_validate(headers={"x-api-key": caller.key}, excluded_checks=left_out)

    call()


def test_the_specification_has_the_postcodes_of_each_domain(app: Flask) -> None:
    document = app.test_client().get("/openapi.json").get_json()
    shown = {
        one["properties"]["domain"]["const"]: one["properties"]["zipcode"]["pattern"]
        for one in document["components"]["schemas"]["CreateZipcode"]["oneOf"]
    }
    assert set(shown) == {shop.id for shop in DOMAINS.values() if shop.active}
    codes = ["4500", "20105-1234", "m5v 2t6", "W12 7RJ", "D6W XY00", "D02 AF30", "100-0001", "A]1"]
    for shop in DOMAINS.values():
        for code in (*codes, "٤٥٠٠"):
            fits = shop.id in shown and re.search(shown[shop.id], code) is not None
            assert fits == (shop.postcode(code) is not None), (shop.domain, code)


def test_every_call_of_the_contract_is_there(app: Flask) -> None:
    document = app.test_client().get("/openapi.json").get_json()
    assert {
        "/api/v1/schedules/amazon/category/add_schedule/",
        "/api/v1/schedules/amazon/category/result/",
        "/api/v1/schedules/amazon/category/cancel/",
        "/api/v1/schedules/amazon/category/list/",
        "/api/v1/results/{collection_id}/{runner_id}/category_asins.{form}",
        "/api/v1/settings/domains/",
        "/healthz",
    } <= set(document["paths"])


def test_every_field_is_described_in_words(app: Flask) -> None:
    document = app.test_client().get("/openapi.json").get_json()
    fields = document["components"]["schemas"]["AddSchedule"]["properties"]
    assert len(fields) == 16
    assert [name for name, field in fields.items() if not field.get("description")] == []


def test_the_page_shows_every_call_with_a_line_to_paste(app: Flask) -> None:
    client = app.test_client()
    page = client.get("/docs").text
    for path in client.get("/openapi.json").get_json()["paths"]:
        assert f"<code>{path}</code>" in page
        assert re.search(f"curl [^\n]*{re.escape(path)}", page)


@pytest.mark.parametrize(
    "word",
    [
        "within_2_days",
        "warnings",
        "spendable",
        "token",
        "revoked",
        "total",
        "bought_past_month",
        "percent",
        "price_below",
    ],
)
def test_the_page_names_what_is_taken_and_given(app: Flask, word: str) -> None:
    page = app.test_client().get("/docs").text
    shown = re.sub(r"<pre>.*?</pre>", "", page, flags=re.DOTALL)
    assert re.search(rf"(<code>|: |, |object: ){word}\b", shown)
    assert "`" not in shown


def test_the_page_needs_nothing_from_elsewhere(app: Flask) -> None:
    page = app.test_client().get("/docs").text
    assert re.findall(r"(?:src|href)=[\"']?(?:https?:)?//", page) == []
