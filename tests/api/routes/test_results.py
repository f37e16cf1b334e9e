"""Downloads and results: bytes as they lie on disk, in each form, also of large runs."""

import csv
import io
import json
import socket
import tracemalloc
from pathlib import Path
from typing import Any

import duckdb
import pytest
from flask import Flask

from api import create_app
from api.config import Settings
from api.products.rows import Rows
from api.runners.attempts import folder_of, run_folder
from api.store.records import Outcome, StoredRequest
from api.store.stage import Stage
from category_crawler.run.rows import row
from category_crawler.run.writer import Run
from category_crawler.tables.columns import COLUMNS
from tests.api.services import CATEGORY, Caller
from tests.records import product, summary

ROWS = [
    product(1, is_prime=True, badges=["Best Seller", "Limited deal"], title='A "lamp", red\nlarge'),
    product(2, price_cents=None, is_prime=False),
    product(3, title="Lámpara 💡"),
]


class Kept:
    """A runner with rows on disk, at the end of its life or in the middle of it."""

    def __init__(self, app: Flask, owner: Caller, **request: Any) -> None:
        self.store = app.extensions["services"].store
        self.owner = owner
        stored = StoredRequest(request)
        self.runner = self.store.runners.add_collection(owner.user, "Lamps", stored, [])
        self.collection: int = self.runner.collection.id

    def done(self, products: Any = ROWS) -> "Kept":
        run = Run.create(folder_of(self.runner).path, {})
        run.keep(products)
        run.finish(summary(asin_count=run.kept))
        run.close()
        self.store.runners.end(self.runner.id, Outcome(Stage.DONE, asin_count=run.kept))
        return self

    def failed(self, products: Any = ROWS) -> "Kept":
        """Its rows stay lines, as those of a run that goes on are."""
        run = Run.create(folder_of(self.runner).path, {})
        run.keep(products)
        run.end(summary(stage="failed", failed_reason="crashed", asin_count=run.kept))
        run.close()
        self.store.runners.end(
            self.runner.id, Outcome(Stage.FAILED, failed_reason="crashed", asin_count=run.kept)
        )
        return self

    def torn(self) -> "Kept":
        """The spider is in the middle of a line."""
        self.failed()
        with folder_of(self.runner).partial_rows.open("ab") as rows:
            rows.write(row(product(4))[:20])
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


@pytest.mark.parametrize("form", ["json", "jsonl", "csv", "xlsx", "parquet"])
def test_unchanged_files_are_not_sent_again(kept: Kept, form: str) -> None:
    kept.done()
    first = kept.get(form)
    again = kept.get(form, **{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert kept.get(form, **{"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("form", ["json", "jsonl", "csv", "xlsx", "parquet"])
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


@pytest.mark.parametrize("state", ["done", "torn"])
def test_the_dataset_of_a_run_that_has_ended_stays_in_its_folder(kept: Kept, state: str) -> None:
    getattr(kept, state)()
    assert kept.get("parquet").status_code == 200
    path = run_folder(kept.runner) / "products.parquet"
    assert duckdb.sql(f"SELECT asin FROM '{path}'").fetchall() == [(p.asin,) for p in ROWS]
    before = path.stat()
    assert kept.get("parquet").data == path.read_bytes()
    assert path.stat().st_ino == before.st_ino, "it is not made again"
    # Other rows than those that it was made from, as of a backup brought back.
    rows = Rows(folder_of(kept.runner), "jsonl").path
    rows.write_bytes(rows.read_bytes().replace(b"L\xc3\xa1mpara", b"Lamp"))
    assert kept.get("parquet").status_code == 200
    assert path.stat().st_ino != before.st_ino
    titles = duckdb.sql(f"SELECT title FROM '{path}'").fetchall()
    assert [title for (title,) in titles][2].startswith("Lamp ")


def test_the_files_name_says_what_was_asked(app: Flask, alice: Caller) -> None:
    kept = Kept(
        app,
        alice,
        category_url="https://www.amazon.com.au/s?rh=n%3A4851693051",
        domain="amazon.com.au",
        amazon_node_id="4851693051",
        postcode="4500",
        price_max_cents=5000,
    )
    given = kept.done().get("csv").headers["Content-Disposition"]
    date = kept.store.runners.get(kept.runner.id).finished_at[:10]
    name = f"amazon.com.au_4851693051_4500_price-to-50.00-AUD_{date}_run-{kept.runner.id}.csv"
    assert given == f"inline; filename={name}"


def test_a_files_name_holds_whole_filters_alone(app: Flask, alice: Caller) -> None:
    asked = {
        "category_url": "https://www.amazon.com.au/s?rh=n%3A4851693051&k=" + "lamp+" * 11 + "lamp",
        "domain": "amazon.com.au",
        "amazon_node_id": "4851693051",
        "postcode": "4500",
        "filter_prime_ships_from_au": True,
        "price_max_cents": 50_000,
    }
    given = Kept(app, alice, **asked).done().get("csv").headers["Content-Disposition"]
    assert "_4500_Prime-ships-from-Australia-price-to-500.00-AUD-and-more_" in given


def test_a_csv_for_spreadsheets_runs_no_formula_unless_asked_for(kept: Kept) -> None:
    kept.done([product(1, title="=1+1")])

    def text(arguments: str) -> bytes:
        answer = kept.owner.get(kept.path("csv") + arguments)
        assert answer.content_length == len(answer.data)
        etags.add(answer.headers["ETag"])
        return bytes(answer.data)

    etags: set[str] = set()
    assert b",'=1+1," in text("")
    assert b",=1+1," in text("?raw=true")
    assert text("?bom=true") == b"\xef\xbb\xbf" + text("")
    assert text("?bom=true&raw=true") == b"\xef\xbb\xbf" + text("?raw=true")
    assert len(etags) == 4
    part = kept.owner.get(kept.path("csv") + "?bom=true", Range="bytes=2-6")
    assert (part.status_code, part.data) == (206, b"\xbfasin")


@pytest.mark.parametrize("flag", ["raw", "bom"])
@pytest.mark.parametrize("given", ["1", "yes", ""])
def test_a_wrong_choice_is_refused(kept: Kept, flag: str, given: str) -> None:
    answer = kept.done().owner.get(f"{kept.path('csv')}?{flag}={given}")
    assert answer.status_code == 400
    assert answer.get_json()["data"] == f"{flag}={given!r} in the address must be true or false"
