"""Queries of a run's products, against the same question asked in Python."""

import json
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from flask import Flask

from api.products import downloads
from api.runners.attempts import folder_of, run_folder
from category_crawler.items import Product
from category_crawler.run.rows import row
from category_crawler.run.writer import Run
from tests.api.routes.test_results import Kept
from tests.api.services import CATEGORY, Caller
from tests.records import product

PATH = f"{CATEGORY}/products/"
_dice = Random(20)


def _random_product(number: int) -> Product:
    price = _dice.choice([None, _dice.randrange(100, 30_000)])
    return product(
        number,
        title=_dice.choice(["Steel Kettle", "Café table", "Desk LAMP, red", "Lámpara 100%", "a_b"]),
        brand=_dice.choice([None, "Acme", "ACME", "O'Neill", "Größe"]),
        price_cents=price,
        list_price_cents=_dice.choice([None, 9_000]),
        rating=_dice.choice([None, 3.9, 4.0, 4.7]),
        review_count=_dice.choice([None, 0, 12_345]),
        is_prime=_dice.choice([None, True, False]),
        in_stock=_dice.choice([None, True, False]),
        coupon=_dice.choice([None, "Save 5%"]),
        position=number + 1,
        badges=_dice.choice([None, ["Best Seller"], ["a", "b"]]),
        delivery=_dice.choice([None, "FREE delivery Tomorrow, 28 Nov", "FREE delivery 1 - 3 Dec"]),
        scraped_at="2026-11-27T05:00:00Z",
    )


PRODUCTS = [_random_product(number) for number in range(400)]
ROWS = [json.loads(row(one)) for one in PRODUCTS]


@pytest.fixture
def kept(app: Flask, alice: Caller) -> Kept:
    return Kept(app, alice, domain="amazon.com.au").done(PRODUCTS)


def ask(kept: Kept, **fields: Any) -> Any:
    answer = kept.owner.post(PATH, {"collection_id": kept.collection, **fields})
    assert answer.status_code == 200, answer.text
    return answer.get_json()["data"]


Test = Callable[[dict[str, Any]], Any]
FILTERS: list[tuple[dict[str, Any], Test]] = [
    ({}, lambda row: True),
    ({"search": "kettle STEEL"}, lambda row: row["title"] == "Steel Kettle"),
    ({"search": "cafe"}, lambda row: row["title"] == "Café table"),
    (
        {"search": "lampara acme"},
        lambda row: row["title"][:2] == "Lá" and row["brand"] in ("Acme", "ACME"),
    ),
    ({"search": "%"}, lambda row: "%" in row["title"]),
    ({"search": "'; DROP TABLE x --"}, lambda row: False),
    ({"search": "b000000007"}, lambda row: row["asin"] == "B000000007"),
    ({"brand": "acme"}, lambda row: row["brand"] in ("Acme", "ACME")),
    ({"brand": ["o'neill", "GRÖßE"]}, lambda row: row["brand"] in ("O'Neill", "Größe")),
    ({"price_min_cents": 5000}, lambda row: (row["price_cents"] or 0) >= 5000),
    (
        {"price_max_cents": 5000},
        lambda row: row["price_cents"] is not None and row["price_cents"] <= 5000,
    ),
    ({"rating_min": 4}, lambda row: row["rating"] is not None and row["rating"] >= 4),
    ({"rating_min": 4.1}, lambda row: row["rating"] == 4.7),
    (
        {"delivery": ["FREE delivery 1 - 3 Dec", "x"]},
        lambda row: row["delivery"] == "FREE delivery 1 - 3 Dec",
    ),
    (
        {"delivery": "FREE delivery Tomorrow, 28 Nov"},
        lambda row: row["delivery"] and "Tomorrow" in row["delivery"],
    ),
    ({"is_prime": True}, lambda row: row["is_prime"] is True),
    ({"in_stock": False}, lambda row: row["in_stock"] is False),
    ({"has_coupon": True}, lambda row: row["coupon"] is not None),
    ({"has_coupon": False}, lambda row: row["coupon"] is None),
    (
        {"is_discounted": True},
        lambda row: (
            row["list_price_cents"]
            and row["price_cents"]
            and row["list_price_cents"] > row["price_cents"]
        ),
    ),
    ({"delivery_by": "2026-11-28"}, lambda row: row["delivery"] and "Tomorrow" in row["delivery"]),
    ({"delivery_by": "2026-12-02"}, lambda row: row["delivery"] and "Tomorrow" in row["delivery"]),
    ({"delivery_by": "2026-12-03"}, lambda row: row["delivery"] is not None),
    ({"delivery_by": "2026-11-27"}, lambda row: False),
]


@pytest.mark.parametrize(("fields", "fits"), FILTERS, ids=[str(fields) for fields, _ in FILTERS])
def test_filters_are_those_of_the_rows(kept: Kept, fields: dict[str, Any], fits: Test) -> None:
    wanted = [row for row in ROWS if fits(row)]
    found = ask(kept, limit=1000, **fields)
    assert (found["runner_id"], found["total"]) == (kept.runner.id, len(wanted))
    assert found["items"] == wanted, "in the order of the file, with the fields of a row"
    assert set(found) == {"runner_id", "total", "items"}


@pytest.mark.parametrize(
    "name", ["price", "list_price", "rating", "reviews", "position", "brand", "title"]
)
@pytest.mark.parametrize("sign", ["", "-"])
def test_orders_put_what_is_unknown_last(kept: Kept, name: str, sign: str) -> None:
    field = {
        "price": "price_cents",
        "list_price": "list_price_cents",
        "reviews": "review_count",
    }.get(name, name)

    def value(one: dict[str, Any]) -> Any:
        return one[field].lower() if isinstance(one[field], str) else one[field]

    known = [one for one in ROWS if one[field] is not None]
    known.sort(key=value, reverse=bool(sign))
    found = ask(kept, limit=1000, sort=sign + name)["items"]
    assert [one["asin"] for one in found][: len(known)] == [one["asin"] for one in known]
    assert all(one[field] is None for one in found[len(known) :])
    assert len(found) == len(ROWS)


def test_the_largest_discount_comes_first(kept: Kept) -> None:
    found = ask(kept, sort="-discount", is_discounted=True, limit=1000)["items"]
    shares = [1 - one["price_cents"] / one["list_price_cents"] for one in found]
    assert shares == sorted(shares, reverse=True)


def test_pages_together_are_the_whole(kept: Kept) -> None:
    pages = [ask(kept, sort="rating", limit=70, skip=skip) for skip in range(0, 490, 70)]
    assert {page["total"] for page in pages} == {400}
    assert sorted(one["asin"] for page in pages for one in page["items"]) == sorted(
        one["asin"] for one in ROWS
    )
    assert pages[-1]["items"] == []
    assert ask(kept, limit=0) == {"runner_id": kept.runner.id, "total": 400, "items": []}


def test_facets_count_what_fits(kept: Kept) -> None:
    fitting = [one for one in ROWS if one["is_prime"]]
    facets = ask(kept, is_prime=True, facets=True, limit=0)["facets"]

    def counted(name: str) -> dict[Any, int]:
        return {one["value"]: one["count"] for one in facets[name]}

    assert counted("brands") == Counter(one["brand"] for one in fitting)
    assert counted("delivery") == Counter(one["delivery"] for one in fitting)
    stars = Counter(None if one["rating"] is None else int(one["rating"]) for one in fitting)
    assert counted("ratings") == stars
    prices = [one["price_cents"] for one in fitting if one["price_cents"] is not None]
    bars = facets["prices"]
    assert bars[0]["from_cents"] == min(prices)
    assert bars[-1]["to_cents"] is None
    for bar in bars:
        end = bar["to_cents"] or 10**9
        assert bar["count"] == sum(bar["from_cents"] <= price < end for price in prices)


@pytest.mark.parametrize("prices", [[], [None], [500], [500] * 9, [0, 0, 10**12]])
def test_odd_prices_have_a_histogram(app: Flask, alice: Caller, prices: list[int | None]) -> None:
    products = [product(number, price_cents=price) for number, price in enumerate(prices)]
    bars = ask(Kept(app, alice).done(products), facets=True)["facets"]["prices"]
    assert sum(bar["count"] for bar in bars) == sum(price is not None for price in prices)


def test_a_run_that_goes_on_shows_its_whole_rows(app: Flask, alice: Caller) -> None:
    kept = Kept(app, alice)
    assert ask(kept) == {"runner_id": kept.runner.id, "total": 0, "items": []}
    run = Run.create(folder_of(kept.runner).path, {})
    try:
        for number in range(3):
            run.keep([product(number)])
            with folder_of(kept.runner).partial_rows.open("ab") as file:
                torn = file.write(row(product(9))[:30])
            assert ask(kept)["total"] == number + 1
            run._rows.truncate(run.offset - torn)
    finally:
        run.close()
    assert not (run_folder(kept.runner) / "products.parquet").exists()


def test_a_large_run_says_when_to_come_again(
    app: Flask, alice: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept(app, alice).failed(product(number) for number in range(4000))
    monkeypatch.setattr(downloads, "_WAIT_SECONDS", 0)
    answer = kept.owner.post(PATH, {"collection_id": kept.collection})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")
    monkeypatch.setattr(downloads, "_WAIT_SECONDS", 30)
    assert ask(kept, limit=1)["total"] == 4000


def test_an_earlier_runner_can_be_named(app: Flask, kept: Kept, bob: Caller) -> None:
    assert ask(kept, runner_id=kept.runner.id, limit=0)["total"] == 400
    other = Kept(app, bob).done()
    for fields in (
        {"collection_id": other.collection},
        {"collection_id": kept.collection, "runner_id": other.runner.id},
    ):
        assert kept.owner.post(PATH, fields).status_code == 404


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"limit": 1001}, "limit"),
        ({"skip": -1}, "skip"),
        ({"sort": "price_cents; DROP TABLE x"}, "sort"),
        ({"is_prime": "yes"}, "is_prime"),
        ({"rating_min": 5.1}, "rating_min is 5.1"),
        ({"rating_min": "4"}, "rating_min"),
        ({"delivery": [1]}, "delivery"),
        ({"delivery_by": "tomorrow"}, "delivery_by"),
        ({"delivery_by": 5}, "delivery_by is 5: it must be a day such as 2026-12-24"),
        ({"delivery_by": 86400}, "it must be a day such as"),
        ({"delivery_by": "86400"}, "it must be a day such as"),
        ({"delivery_by": "20261224"}, "it must be a day such as"),
        ({"delivery_by": "2026-02-30"}, "delivery_by is '2026-02-30'"),
        ({"brand": [1]}, "brand"),
        ({"search": "x" * 201}, "search"),
        ({"search": "a\u0000b"}, "search"),
        (
            {"price_min_cents": 9, "price_max_cents": 3},
            "price_min_cents 9 is above price_max_cents 3",
        ),
    ],
)
def test_wrong_fields_are_told_in_a_sentence(kept: Kept, fields: dict[str, Any], said: str) -> None:
    answer = kept.owner.post(PATH, {"collection_id": kept.collection, **fields})
    assert answer.status_code == 400
    assert said in answer.get_json()["data"]
    assert "\n" not in answer.get_json()["data"]


def test_result_gives_a_page_of_its_products_or_none(kept: Kept) -> None:
    def asins(**fields: Any) -> list[dict[str, Any]]:
        fields |= {"collection_id": kept.collection}
        (told,) = kept.owner.post(f"{CATEGORY}/result/", fields).get_json()["data"]
        assert told["asin_count"] == 400
        shown: list[dict[str, Any]] = told["asins"]
        return shown

    assert asins() == ROWS
    assert asins(include_asins=False) == []
    assert asins(limit=7) == ROWS[:7]
    assert asins(limit=7, skip=396) == ROWS[396:]
    assert asins(skip=390) == ROWS[390:]
    assert asins(limit=0) == asins(skip=400) == []
