"""What add_schedule has accepted is never refused later: not by the API, not by the spider."""

import json
import string
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from api.runners.attempts import crawl_arguments, folder_of
from api.runners.lifecycle import Jobs
from api.runners.request import AddSchedule
from api.store.records import Outcome, StoredRequest
from api.store.stage import Stage
from category_crawler.errors import CrawlError
from category_crawler.job import CategoryJob, FundedJob
from category_crawler.run.writer import Run
from tests.api.services import BODY, CATEGORY, Caller, Daemon, refresh_all
from tests.records import product, record

_LETTERS = st.characters(exclude_categories=["Cs"])
_TEXT = st.text(_LETTERS, max_size=40)
_LABEL = st.text(st.sampled_from("aé中ß-" + string.digits), min_size=1, max_size=12)
_HOST = st.lists(_LABEL, min_size=1, max_size=4).map(".".join)
_ADDRESS = st.builds("https://{}/{}".format, _HOST, st.text(_LETTERS, max_size=800))
_MAIL = st.builds("{}@{}".format, st.text(_LETTERS, min_size=1, max_size=70), _HOST)
_URL_END = st.one_of(
    st.just(""),
    st.sampled_from(["&s=price-asc-rank", "&low-price=1&high-price=20", "%2Cp_36%3A100-2000"]),
    _TEXT,
)
_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "name": st.text(_LETTERS, min_size=1, max_size=255),
    "filter_prime_ships_from_au": st.booleans(),
    "filter_delivery_day": st.sampled_from(["tomorrow", "within_2_days", None]),
    "price_min_cents": st.integers(0, 10**12 - 1),
    "price_max_cents": st.integers(0, 10**12 - 1),
    "notification_email": _MAIL,
    "priority": st.sampled_from(["Highest", "High", "Normal", "Low", "Lowest"]),
    "include_sponsored": st.booleans(),
    "max_products": st.integers(1, 10**9 - 1),
    "webhook_url": _ADDRESS,
    "whole": st.booleans(),
}
_BODIES = st.builds(
    lambda fields, end: BODY | {"category_url": BODY["category_url"] + end} | fields,
    st.fixed_dictionaries({}, optional=_FIELDS),
    _URL_END,
)
LONG = "https://example.org/" + "é" * 700
"""4,220 characters once it is encoded."""


@given(_BODIES)
def test_what_is_accepted_is_good_in_the_form_in_which_it_is_kept(body: dict[str, Any]) -> None:
    try:
        accepted = AddSchedule.model_validate(body)
    except (ValidationError, CrawlError):
        return
    stored = json.dumps(accepted.model_dump(mode="json", exclude_none=True))
    again = AddSchedule.model_validate_json(stored)
    assert json.dumps(again.model_dump(mode="json", exclude_none=True)) == stored
    job = FundedJob.from_arguments(crawl_arguments(StoredRequest.read(stored)))
    fields = set(CategoryJob.model_fields)
    assert job.model_dump(include=fields) == accepted.model_dump(include=fields)


@pytest.fixture
def jobs(app: Flask) -> Jobs:
    found: Jobs = app.extensions["services"].jobs
    return found


@pytest.mark.parametrize(
    "address", [LONG, f"https://example.org/?{'é' * 600}", f"https://example.org/#{'💡' * 300}"]
)
def test_an_address_that_is_too_long_once_it_is_kept_is_refused_at_the_door(
    alice: Caller, jobs: Jobs, address: str
) -> None:
    answer = alice.post(f"{CATEGORY}/add_schedule/", BODY | {"webhook_url": address})
    assert answer.status_code == 400
    said = answer.get_json()["data"]
    assert said.startswith("webhook_url is ")
    assert "once it is encoded, at most 2083" in said
    assert jobs.store.runners.open() == []


@pytest.mark.parametrize(
    "stored",
    [
        {"webhook_url": "https://example.org/" + "%E6%97%A5" * 700},
        {"webhook_url": "ftp://a..b"},
        {"notification_email": "nobody"},
        {"priority": "Soon"},
        {"name": "x" * 300},
        {"colour": "red"},
    ],
)
def test_an_older_databases_request_is_scheduled_again_and_resumed(
    alice: Caller, no_slot: None, scrapyd: Daemon, jobs: Jobs, stored: dict[str, str]
) -> None:
    runner = jobs.store.runners.add_collection(
        alice.user, "Lamps", StoredRequest(BODY | stored), []
    )
    run = Run.create(folder_of(runner).path, BODY)
    run.keep(run.claim([product(1)]))
    run.finish_page(record(offset=run.offset))
    run.close()
    assert jobs._attempts.again(runner, has_run=True)
    assert _pending(jobs) == {f"r{runner.id}-2"}
    refresh_all(jobs)
    jobs.store.runners.end(runner.id, Outcome(Stage.FAILED, failed_reason="blocked", asin_count=1))
    made = jobs.resume(jobs.store.runners.get(runner.id) or runner)
    assert f"r{made.id}-1" in _pending(jobs)


@pytest.mark.parametrize(
    "stored", [{"category_url": "https://www.example.org/"}, {"price_min_cents": -1}, {"whole": 5}]
)
def test_an_older_databases_request_that_no_spider_takes_fails_alone(
    alice: Caller, scrapyd: Daemon, jobs: Jobs, stored: dict[str, Any]
) -> None:
    runner = jobs.store.runners.add_collection(
        alice.user, "Lamps", StoredRequest(BODY | stored), []
    )
    jobs._attempts.schedule(runner)
    result = alice.until(runner.collection.id, "failed")
    assert result["failed_reason"] == "invalid_job"
    assert next(iter(stored)) in result["failed_message"]


def _pending(jobs: Jobs) -> set[str]:
    jobs.scrapyd.forget_states()
    return {job for job, state in jobs.scrapyd.states().items() if state == "pending"}
