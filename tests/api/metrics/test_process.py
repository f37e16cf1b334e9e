"""What a process of the API counts of its answers."""

from flask import Flask

from api import create_app
from api.config import Settings
from tests.api.metrics.scrape import value
from tests.api.services import CATEGORY, Caller

COUNT = "category_crawler_http_request_duration_seconds_count"


def counted(app: Flask, **labels: str) -> float:
    return value(app, COUNT, **labels) or 0


def test_an_answer_counts_by_the_template_of_its_route(app: Flask, alice: Caller) -> None:
    route = "/static/<path:filename>"
    labels = {"method": "GET", "route": route, "status": "4xx"}
    before = counted(app, **labels)
    for number in (1, 2):
        assert app.test_client().get(f"/static/{number}.css").status_code == 404
    assert counted(app, **labels) == before + 2


def test_paths_with_and_without_a_slash_are_one_route(app: Flask, alice: Caller) -> None:
    labels = {"method": "POST", "route": f"{CATEGORY}/list", "status": "2xx"}
    before = counted(app, **labels)
    for path in (f"{CATEGORY}/list", f"{CATEGORY}/list/"):
        assert alice.post(path).status_code == 200
    assert counted(app, **labels) == before + 2


def test_what_clients_invent_makes_no_label(app: Flask) -> None:
    labels = {"method": "other", "route": "none", "status": "4xx"}
    before = counted(app, **labels)
    for word in ("ANYTHING", "ELSE"):
        app.test_client().open("/no/such/path", method=word)
    assert counted(app, **labels) == before + 2
    assert "ANYTHING" not in app.test_client().get("/metrics").text


def test_an_envelope_counts_by_its_own_code(app: Flask) -> None:
    kind = create_app(Settings(always_http_200=True))
    labels = {"method": "POST", "route": f"{CATEGORY}/list", "status": "4xx"}
    before = counted(app, **labels)
    assert kind.test_client().post(f"{CATEGORY}/list").status_code == 200
    assert counted(app, **labels) == before + 1


def test_memory_and_time_of_the_process_are_there(app: Flask) -> None:
    assert (value(app, "category_crawler_process_resident_memory_bytes") or 0) > 10**6
