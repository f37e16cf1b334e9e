"""The filters of the products' page, as they are typed."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from api.web.product_form import PAGE, ProductForm


@pytest.fixture
def in_app(app: Flask) -> Iterator[None]:
    """Which columns there are depends on the settings."""
    with app.app_context():
        yield


@pytest.mark.parametrize(
    ("typed", "cents"),
    [
        ("12", 1200),
        ("12.5", 1250),
        ("12,5", 1250),
        ("12.05", 1205),
        ("1,500", 150_000),
        ("1.500,5", 150_050),
        ("0", 0),
        (" 7 ", 700),
    ],
)
def test_prices_are_read_as_people_write_them(in_app: None, typed: str, cents: int) -> None:
    query = ProductForm.read(MultiDict({"price_min": typed})).query
    assert query is not None
    assert query.price_min_cents == cents


def _read(address: str) -> ProductForm:
    return ProductForm.read(MultiDict(parse_qsl(address, keep_blank_values=True)))


def _again(fields: dict[str, Any]) -> ProductForm:
    return _read(urlencode(fields, doseq=True))


def test_an_address_leads_back_to_the_same_filters(in_app: None) -> None:
    form = _read(
        "search=lamp&price_max=9.50&rating_min=4&prime=no&brand=Acme&brand=Gr%C3%B6%C3%9Fe+%26+Co"
        "&delivery=FREE&delivery_by=&sort=-price&columns=title&columns=price&skip=100"
    )
    assert _again(form.address(skip=form.skip)) == form
    assert form.query is not None
    assert form.query.brands == ("Acme", "Größe & Co")
    assert (form.query.limit, form.query.skip) == (PAGE, 100)
    assert "delivery_by" not in form.address(), "an empty field is left out"
    assert "skip" not in form.address(sort="price"), "another order begins at the first page"
    assert len(form.filters) == 7
    for words, rest in form.filters:
        left = [one for one, _ in _again(rest).filters]
        assert sorted([*left, words]) == sorted(one for one, _ in form.filters)
