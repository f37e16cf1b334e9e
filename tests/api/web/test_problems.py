"""What went wrong, as pages say it: the same errors as in the API, in other words."""

import pytest
from flask import Flask
from werkzeug.exceptions import MethodNotAllowed

from api.delivery_sessions import HasItAlready, OtherSuburb
from api.products.downloads import NoRoom, NotMade, NotReady
from api.rest.auth import TooManyRequests
from api.rest.ownership import NotYours
from api.rest.problem import problem_of
from api.runners.previews import PreviewNotReady, TooManyPreviews
from api.runners.recurrence import InvalidRecurrence
from api.runners.repeats import OvertakenByAnother, StillOpen, WasCancelled
from api.scrapyd.job_service import ScrapydAway, ScrapydRefused
from api.store import NotEnoughCredits
from api.store.records import Runner, User
from api.web.problems import not_started, sentence_of, shown_problem
from category_crawler.errors import SessionMissing
from category_crawler.fault import Fault
from tests.api.web.crawls import page_of, services_of, stored
from tests.api.web.reader import Reader, words_for_programs


@pytest.fixture
def lamps(app: Flask, ann: User) -> Runner:
    return stored(app, ann.id, "<b>Lamps")


def errors(lamps: Runner) -> list[tuple[Exception, str]]:
    """Errors, and what a page says of each."""
    return [
        (NotYours("There is no collection 3 of yours"), "There is no such thing of yours"),
        (TooManyRequests("600/60", 7), "try again in 7 s"),
        (NotEnoughCredits(), '<a href="/account/">Your account</a> shows'),
        (SessionMissing("No cookie file found"), '<a href="/postcodes/">the page Postcodes</a>'),
        (HasItAlready("amazon.com.au", "4500"), "You have 4500 already"),
        (OtherSuburb("amazon.com.au", "4500", "is active for", "Burpengary"), "for Burpengary"),
        (OtherSuburb("amazon.com.au", "4500", "is active for", None), "for the first suburb"),
        (ScrapydAway("Scrapyd does not answer at http://x"), "The service cannot start anything"),
        (ScrapydRefused("Scrapyd refused: x"), "The service cannot start anything"),
        (StillOpen(lamps), "A run of this collection is open"),
        (WasCancelled(lamps), '<a href="/new/?category_url=https'),
        (OvertakenByAnother(lamps), "has just been started"),
        (InvalidRecurrence("update_schedule gives a new one"), "set it anew"),
        (NoRoom(), "has no room"),
        (NotMade("The CSV of runner 3 could not be made, .jsonl has the same rows"), "JSON lines"),
        (NotReady("The CSV of runner 3 is being made"), "still being prepared: try again in 3 s"),
        (PreviewNotReady("waits for a slot", 4), "waits for its turn, as number 4"),
        (PreviewNotReady("The preview has been started"), "The preview is being made"),
        (TooManyPreviews(), "3 of your previews"),
        (MethodNotAllowed(), "takes no such form"),
    ]


def test_each_is_said_in_peoples_words_with_the_code_of_the_api(app: Flask, lamps: Runner) -> None:
    with app.test_request_context():
        for error, says in errors(lamps):
            shown = shown_problem(error)
            assert says in shown.sentence, error
            assert words_for_programs(shown.sentence) == []
            assert not shown.sentence.endswith(".")
            told = problem_of(error)
            assert (shown.code, shown.retry_after) == (told.code, told.retry_after)
            assert shown.sentence != told.sentence, "the API keeps its own"


def test_why_a_due_run_was_not_started(app: Flask) -> None:
    told = {"at": "2026-01-01T00:00:00Z", "message": "runner 3: <b>the site"}
    with app.test_request_context():
        assert "/account/" in not_started({**told, "reason": "no_credits"})
        assert "/postcodes/" in not_started({**told, "reason": "no_session"})
        assert not_started({**told, "reason": "other"}) == "run 3: &lt;b&gt;the shop"


def test_a_fault_of_a_field_is_said_without_its_name() -> None:
    wrong = Fault("max_products", "max_products is 0: it must be at least 1")
    assert sentence_of(wrong) == "This is 0: it must be at least 1."
    assert sentence_of(Fault("domain", "category_url is for a but domain is b")) == (
        "The address is for a but domain is b."
    )


def test_names_stay_text_in_the_words_of_a_refusal(
    reader: Reader, app: Flask, lamps: Runner
) -> None:
    answer = reader.send(page_of(lamps), f"/collections/{lamps.collection.id}/delete")
    assert answer.status_code == 409
    assert "A run of “&lt;b&gt;Lamps”" in answer.text
    assert services_of(app).store.runners.get(lamps.id) is not None
