"""The list of one's collections: order, search, states, pages, and what can be done with each."""

import re
from time import perf_counter

import pytest
from flask import Flask

from api.runners.attempts import folder_of
from api.store import Store
from api.store.records import User
from tests.api.services import Caller
from tests.api.web.crawls import ended, page_of, services_of, stored
from tests.api.web.reader import Reader

LIST = "/collections/"


def names(reader: Reader, path: str = LIST) -> list[str]:
    """The names on a page of the list, in order."""
    return re.findall(r'<h2><a href="[^"]+" dir="auto">([^<]*)</a>', reader.get(path).text)


def test_without_a_collection_it_says_how_to_begin(reader: Reader) -> None:
    assert "Start the first crawl" in reader.get(LIST).text


def test_the_newest_comes_first_with_what_was_asked(reader: Reader, app: Flask, ann: User) -> None:
    stored(app, ann.id, "Lamps", price_max_cents=5000)
    stored(app, ann.id, "Chairs", filter_prime_ships_from_au=True)
    assert names(reader) == ["Chairs", "Lamps"]
    shown = reader.get(LIST).text
    assert "amazon.com.au · 4500 · <bdi>Prime, ships from Australia</bdi>" in shown
    assert "<bdi>price to 50.00 AUD</bdi>" in shown
    assert "Runs once" in shown


def test_others_collections_are_not_there(
    reader: Reader, app: Flask, ann: User, bob: Caller
) -> None:
    his, hers = stored(app, bob.user, "Bob's"), stored(app, ann.id, "Ann's")
    assert names(reader) == ["Ann&#39;s"]
    assert names(reader, f"{LIST}?search=4500") == ["Ann&#39;s"]
    live = reader.get(f"{LIST}live?ids={his.collection.id},{hers.collection.id}").text
    assert f"status-{hers.collection.id}" in live
    assert f"status-{his.collection.id}" not in live


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("lamp", ["Desk LAMPS"]),
        ("LAMPS desk", ["Desk LAMPS"]),
        ("лампы", ["Лампы"]),
        ("cafe", ["Café"]),
        ("3000", ["Café"]),
        ("100 %", []),
        ("lamps chairs", []),
        ("'; DROP TABLE runners; --", []),
    ],
)
def test_it_is_searched_by_words(
    reader: Reader, app: Flask, ann: User, search: str, found: list[str]
) -> None:
    stored(app, ann.id, "Desk LAMPS")
    stored(app, ann.id, "Лампы")
    stored(app, ann.id, "Café", postcode="3000")
    assert names(reader, f"{LIST}?search={search}") == found


def test_a_state_narrows_the_list_down_with_and_without_words(
    reader: Reader, app: Flask, ann: User
) -> None:
    stored(app, ann.id, "Lamps")
    ended(app, stored(app, ann.id, "Chairs"))
    ended(
        app, stored(app, ann.id, "Tables"), "blocked", "www.amazon.com.au answered with a captcha"
    )
    assert names(reader, f"{LIST}?state=queued") == ["Lamps"]
    assert names(reader, f"{LIST}?state=done&search=a") == ["Chairs"]
    assert names(reader, f"{LIST}?state=failed&search=chairs") == []
    assert names(reader, f"{LIST}?state=nonsense") == ["Tables", "Chairs", "Lamps"]
    shown = reader.get(LIST).text
    assert "The shop answered with a captcha" in shown
    assert '<option value="queued">waiting</option>' in shown
    assert '<span class="state queued">waiting</span>' in shown


def test_it_comes_in_pages_that_keep_the_search(reader: Reader, app: Flask, ann: User) -> None:
    for number in range(30):
        stored(app, ann.id, f"Lamp {number}")
    first = reader.get(f"{LIST}?search=lamp&state=queued").text
    assert "1–25 of 30" in first
    found = re.search(r'href="([^"]+)" rel="next"', first)
    assert found is not None
    rest = names(reader, found[1].replace("&amp;", "&"))
    assert rest == [f"Lamp {number}" for number in (4, 3, 2, 1, 0)]
    last = reader.get(f"{LIST}?skip=100000").text
    assert "100,001" not in last
    assert re.search(r'href="/collections/\?skip=25" rel="prev">← Last page', last)
    for skip in ("-5", "x", "99999999999999999999"):
        assert reader.get(f"{LIST}?skip={skip}").status_code == 200


def test_names_with_markup_and_from_right_to_left_stay_text(
    reader: Reader, app: Flask, ann: User
) -> None:
    evil, hebrew = '<script>alert("1")</script>', "מנורות"
    stored(app, ann.id, evil)
    runner = stored(app, ann.id, hebrew)
    shown = reader.get(LIST).text
    assert "<script>alert" not in shown
    assert "&lt;script&gt;" in shown
    assert f'dir="auto">{hebrew}</a>' in shown
    assert f'<h1 dir="auto">{hebrew}</h1>' in reader.get(page_of(runner)).text
    products = reader.get(f"{page_of(runner)}products/").text
    assert f"<h1>Products of <bdi>{hebrew}</bdi></h1>" in products
    changes = reader.get(f"/collections/{runner.collection.id}/changes/").text
    assert f"<h1>Changes of <bdi>{hebrew}</bdi></h1>" in changes


def test_the_search_among_ten_thousand_runs_is_quick(
    reader: Reader, app: Flask, store: Store, ann: User
) -> None:
    first = stored(app, ann.id, "Lamps")
    connection = store.db.conn
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO collections (id, user, name, request_type, request, warnings, created_at, "
        "newest) SELECT ?1, user, ?2, request_type, request, '[]', created_at, ?1 "
        "FROM collections WHERE id = ?3",
        [(number, f"Crawl {number}", first.collection.id) for number in range(1000, 11000)],
    )
    connection.executemany(
        "INSERT INTO runners (id, collection, stage, attempt, created_at) "
        "VALUES (?1, ?1, 'done', 1, '2026-01-01T00:00:00Z')",
        [(number,) for number in range(1000, 11000)],
    )
    connection.execute("COMMIT")
    began = perf_counter()
    total, found = store.runners.search(ann.id, ["crawl", "999"], None, 25, 0)
    took = perf_counter() - began
    assert (total, len(found)) == (19, 19)
    assert took < 1.5, "some tens of milliseconds on an idle machine"
    assert "10,001 collections" in reader.get(LIST).text


def test_a_collection_is_renamed_on_the_list(reader: Reader, app: Flask, ann: User) -> None:
    runner = stored(app, ann.id, "Lamps")
    path = f"/collections/{runner.collection.id}/rename"
    back = f"{LIST}?search=lamp"
    answer = reader.send(LIST, path, name="  Desk   lamps ", back=back)
    assert answer.location == back
    assert names(reader) == ["Desk lamps"]
    for where in ("https://evil.example/", "//evil.example"):
        assert reader.send(LIST, path, name="x", back=where).location == page_of(runner)


@pytest.mark.parametrize("name", ["", "   ", "x" * 256])
def test_a_name_that_cannot_be_is_shown_again(
    reader: Reader, app: Flask, ann: User, name: str
) -> None:
    runner = stored(app, ann.id, "Lamps")
    answer = reader.send(LIST, f"/collections/{runner.collection.id}/rename", name=name)
    assert answer.status_code == 400
    assert "A name has 1 to 255 characters." in answer.text
    assert names(reader) == ["Lamps"]


def test_a_collection_is_deleted_with_everything(
    reader: Reader, app: Flask, ann: User, store: Store
) -> None:
    runner = stored(app, ann.id, "Lamps")
    path = f"/collections/{runner.collection.id}/delete"
    refused = reader.send(LIST, path)
    assert refused.status_code == 409
    assert "A run of “Lamps”</a> is open: cancel it first" in refused.text
    assert f'href="/collections/{runner.collection.id}/"' in refused.text
    ended(app, runner)
    folder = folder_of(runner).path
    folder.mkdir(parents=True)
    (folder / "category_asins.json").write_text("[\n]\n")
    assert reader.send(LIST, path).location == LIST
    assert names(reader) == []
    assert not folder.parent.exists()
    assert reader.get(page_of(runner)).status_code == 404


def test_a_poll_without_news_is_short_and_one_with_news_brings_them(
    reader: Reader, app: Flask, ann: User
) -> None:
    runner = stored(app, ann.id, "Lamps")
    shown = reader.get(LIST).text
    found = re.search(r'hx-get="([^"]+)" hx-trigger="every 5s"', shown)
    assert found is not None
    path = found[1].replace("&amp;", "&")
    first = reader.get(path)
    assert f'id="status-{runner.collection.id}" hx-swap-oob="true"' in first.text
    again = reader.get(path, **{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    ended(app, runner)
    last = reader.get(path, **{"If-None-Match": first.headers["ETag"]})
    assert last.status_code == 200
    assert "every 5s" not in last.text
    assert "Run again" in last.text
    assert "every 5s" not in reader.get(LIST).text
    assert services_of(app).store.runners.open() == []
