"""Downloads and results: bytes as they lie on disk, in each form, also of large runs."""

import csv
import io
import json
import socket
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from api import create_app
from api.config import Settings
from api.runners.attempts import folder_of
from api.store.records import Outcome, StoredRequest
from api.store.stage import Stage
from category_crawler.run.csv_table import COLUMNS
from category_crawler.run.rows import row
from category_crawler.run.writer import Run
from tests.api.services import CATEGORY, Caller
from tests.records import product, summary

ROWS = [
    product(1, is_prime=True, badges=["Best Seller", "Limited deal"], title='A "lamp", red\nlarge'),
    product(2, price_cents=None, is_prime=False),
    product(3, title="Lámpara 💡"),
]


class Kept:
    """A runner with rows on disk, at the end of its life or in the middle of it."""

    def __init__(self, app: Flask, owner: Caller) -> None:
        self.store = app.extensions["services"].store
        self.owner = owner
        self.runner = self.store.runners.add_collection(owner.user, "Lamps", StoredRequest({}), [])
        self.collection: int = self.runner.collection.id

    def done(self, products: Any = ROWS) -> "Kept":
        run = Run.create(folder_of(self.runner).path, {})
        run.keep(products)
        run.finish(summary())
        run.close()
        self.store.runners.end(self.runner.id, Outcome(Stage.DONE, asin_count=run.kept))
        return self

    def torn(self) -> "Kept":
        """The spider is in the middle of a line."""
        run = Run.create(folder_of(self.runner).path, {})
        run.keep(ROWS)
        run.close()
        with folder_of(self.runner).partial_rows.open("ab") as rows:
            rows.write(row(product(4))[:20])
        self.store.runners.end(
            self.runner.id, Outcome(Stage.FAILED, failed_reason="crashed", asin_count=3)
        )
        return self

    def path(self, form: str) -> str:
        return f"/api/v1/results/{self.collection}/{self.runner.id}/category_asins.{form}"

    def get(self, form: str, **headers: str) -> Any:
        return self.owner.get(self.path(form), **headers)


@pytest.fixture
def kept(app: Flask, alice: Caller) -> Kept:
    return Kept(app, alice)


def test_the_file_is_served_as_it_lies(kept: Kept) -> None:
    answer = kept.done().get("json")
    assert answer.data == folder_of(kept.runner).rows.read_bytes()
    assert answer.mimetype == "application/json"
    assert [values["asin"] for values in answer.get_json()] == [p.asin for p in ROWS]


@pytest.mark.parametrize("state", ["done", "torn"])
def test_every_form_has_the_whole_rows(kept: Kept, state: str) -> None:
    getattr(kept, state)()
    rows = [json.loads(row(p)) for p in ROWS]
    assert kept.get("json").get_json() == rows
    assert [json.loads(line) for line in kept.get("jsonl").data.splitlines()] == rows
    table = list(csv.DictReader(io.StringIO(kept.get("csv").text)))
    assert [line["asin"] for line in table] == [p.asin for p in ROWS]


def test_the_csv_begins_with_the_contracts_columns_and_guesses_nothing(kept: Kept) -> None:
    text = kept.done().get("csv").data.decode()
    assert text.startswith(
        "asin,parent_asin,is_variant,is_brand,is_store,is_prime,seller_name,price_cents,in_stock,"
    )
    assert kept.get("csv").headers["Content-Type"] == "text/csv; charset=utf-8"
    first, second, third = csv.DictReader(io.StringIO(text, newline=""))
    assert set(first) == set(COLUMNS)
    assert (first["is_prime"], second["is_prime"], third["is_prime"]) == ("true", "false", "")
    assert (first["price_cents"], second["price_cents"]) == ("1000", "")
    assert first["title"] == 'A "lamp", red\nlarge'
    assert first["badges"] == "Best Seller | Limited deal"
    assert third["title"] == "Lámpara 💡"
    assert third["in_stock"] == ""


@pytest.mark.parametrize("form", ["json", "jsonl", "csv"])
def test_unchanged_files_are_not_sent_again(kept: Kept, form: str) -> None:
    kept.done()
    first = kept.get(form)
    again = kept.get(form, **{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert kept.get(form, **{"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("form", ["json", "jsonl", "csv"])
def test_parts_can_be_asked_for(kept: Kept, form: str) -> None:
    kept.done()
    whole = kept.get(form).data
    part = kept.get(form, Range="bytes=10-19")
    assert (part.status_code, part.data) == (206, whole[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(whole)}"
    beyond = kept.get(form, Range=f"bytes={len(whole)}-")
    assert beyond.status_code == 416
    assert beyond.headers["Content-Range"] == f"bytes */{len(whole)}"
    assert beyond.headers["Content-Type"] == "application/json"


def test_a_growing_run_has_a_new_etag(kept: Kept) -> None:
    before = kept.torn().get("jsonl").headers["ETag"]
    with folder_of(kept.runner).partial_rows.open("ab") as rows:
        rows.write(b"\n")
    assert kept.get("jsonl").headers["ETag"] != before


def test_no_rows_yet_is_not_found(kept: Kept) -> None:
    answer = kept.get("csv")
    assert (answer.status_code, answer.get_json()["status"]) == (404, 0)


def test_an_empty_category_is_an_empty_list(kept: Kept) -> None:
    kept.done([])
    assert kept.get("json").get_json() == []
    assert kept.get("csv").data.decode().splitlines() == [",".join(COLUMNS)]
    answer = kept.owner.post(f"{CATEGORY}/result/", {"collection_id": kept.collection})
    assert answer.get_json()["data"][0]["asins"] == []


def test_of_a_result_file_that_was_removed_the_record_stays(kept: Kept) -> None:
    folder_of(kept.done().runner).rows.unlink()
    answer = kept.owner.post(f"{CATEGORY}/result/", {"collection_id": kept.collection})
    (result,) = answer.get_json()["data"]
    assert (result["stage"], result["asins"]) == ("done", [])


def test_a_hundred_thousand_products_stream(kept: Kept, tmp_path: Path) -> None:
    kept.done(product(number) for number in range(100_000))
    size = folder_of(kept.runner).rows.stat().st_size
    tracemalloc.start()
    answer = kept.owner.client.post(
        f"{CATEGORY}/result/",
        json={"collection_id": kept.collection},
        headers={"x-api-key": kept.owner.key},
        buffered=False,
    )
    copy = tmp_path / "answer.json"
    with copy.open("wb") as file:
        file.writelines(answer.response)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < size / 8
    assert copy.stat().st_size == int(answer.headers["Content-Length"])
    (result,) = json.loads(copy.read_bytes())["data"]
    assert result["asin_count"] == len(result["asins"]) == 100_000


def test_a_name_cannot_forge_the_place_of_the_rows(app: Flask, alice: Caller) -> None:
    kept = Kept(app, alice).done()
    kept.store.db["collections"].update(kept.collection, {"name": '"asins": "asins go here"'})
    answer = alice.post(f"{CATEGORY}/result/", {"collection_id": kept.collection})
    (result,) = answer.get_json()["data"]
    assert result["name"] == '"asins": "asins go here"'
    assert len(result["asins"]) == 3


def test_links_begin_with_the_public_url(home: Any, app: Flask, alice: Caller) -> None:
    kept = Kept(app, alice).done()
    public = create_app(Settings(public_url="https://crawl.example/base/"))
    answer = public.test_client().post(
        f"{CATEGORY}/result/",
        json={"collection_id": kept.collection},
        headers={"x-api-key": alice.key},
    )
    (link,) = answer.get_json()["data"][0]["download_links"]["pages"]
    assert link == f"https://crawl.example/base{kept.path('json')}"


@pytest.mark.parametrize(
    ("host", "start"),
    [
        ("127.0.0.1:8443", "https://127.0.0.1:8443/my%20shop"),
        ("localhost", "https://localhost/my%20shop"),
        ("[::1]:8443", "https://[::1]:8443/my%20shop"),
        (socket.gethostname(), f"https://{socket.gethostname()}/my%20shop"),
        ("evil.example", "http://127.0.0.1:8000"),
        ("127.0.0.1.evil.example", "http://127.0.0.1:8000"),
        ("evil.example:8000", "http://127.0.0.1:8000"),
    ],
)
def test_links_begin_where_the_request_came_in_if_that_is_this_machine(
    app: Flask, alice: Caller, host: str, start: str
) -> None:
    kept = Kept(app, alice).done()
    answer = app.test_client().post(
        f"{CATEGORY}/result/",
        json={"collection_id": kept.collection},
        headers={"x-api-key": alice.key, "Host": host},
        environ_overrides={"SCRIPT_NAME": "/my shop", "wsgi.url_scheme": "https"},
    )
    (link,) = answer.get_json()["data"][0]["download_links"]["pages"]
    assert link == f"{start}{kept.path('json')}"


def test_always_http_200_wraps_every_code(app: Flask, alice: Caller) -> None:
    client = create_app(Settings(always_http_200=True)).test_client()
    path = f"{CATEGORY}/result/"
    refused = client.post(path)
    assert (refused.status_code, refused.get_json()["code"]) == (200, 401)
    absent = client.post(path, json={"collection_id": 9}, headers={"x-api-key": alice.key})
    assert (absent.status_code, absent.get_json()["code"]) == (200, 404)
    assert client.get("/nothing").status_code == 200
    assert client.get("/nothing").get_json()["code"] == 404
