"""Jobs: a valid job becomes a listing, an invalid one a sentence."""

from typing import Any

import pytest
from pydantic import ValidationError

from category_crawler.errors import InvalidJob
from category_crawler.fault import WrongFields, faults_of
from category_crawler.job import CategoryJob, FundedJob
from category_crawler.listing_url import ListingURL

URL = "https://www.amazon.com.au/s?rh=n%3A4851693051"


def test_domain_and_node_are_read_from_the_url() -> None:
    job = CategoryJob.from_arguments({"category_url": URL})
    assert (job.domain, job.amazon_node_id, job.postcode) == ("amazon.com.au", "4851693051", None)


def test_every_filter_known_beforehand_is_in_the_listing() -> None:
    job = CategoryJob.from_arguments(
        {
            "category_url": f"{URL}%2Cp_36%3A100-200%2Cp_90%3A1",
            "filter_prime_ships_from_au": "true",
            "filter_delivery_day": "tomorrow",
            "price_max_cents": "50000",
        }
    )
    assert job.listing.terms == (
        ("n", "4851693051"),
        ("p_n_prime_domestic", "6845356051"),
        ("p_36", "100-50000"),
    )
    assert job.delivery_day == "tomorrow"


def test_filters_the_domain_lacks_are_named_and_not_applied() -> None:
    job = CategoryJob.from_arguments(
        {
            "category_url": "https://www.amazon.de/s?rh=n%3A1",
            "filter_prime_ships_from_au": "true",
            "filter_delivery_day": "tomorrow",
        }
    )
    assert job.unsupported_filters == ["filter_prime_ships_from_au", "filter_delivery_day"]
    assert [warning.partition(" ")[0] for warning in job.warnings] == job.unsupported_filters
    assert job.listing.terms == (("n", "1"),)
    assert job.delivery_day is None


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({}, "category_url is missing"),
        ({"category_url": ""}, "category_url is missing"),
        ({"category_url": "https://example.com/s?rh=n%3A1"}, "example.com"),
        ({"category_url": URL, "amazon_node_id": "1"}, "amazon_node_id is 1 .* 4851693051"),
        ({"category_url": URL, "amazon_node_id": "４８５１６９３０５１"}, "digits only"),
        ({"category_url": URL, "domain": "amazon.com"}, "domain is amazon.com"),
        ({"category_url": URL, "domain": "amazon.xx"}, "amazon.xx"),
        ({"category_url": URL, "postcode": "45000"}, "postcode is '45000'"),
        ({"category_url": URL, "postcode": "4500\n"}, "postcode"),
        ({"category_url": URL, "postcode": "４５００"}, "postcode"),
        ({"category_url": URL, "filter_delivery_day": "today"}, "filter_delivery_day is 'today'"),
        ({"category_url": URL, "price_min_cents": "-1"}, "price_min_cents is '-1'"),
        ({"category_url": URL, "price_min_cents": "2", "price_max_cents": "1"}, "above"),
        (
            {"category_url": f"{URL}%2Cp_36%3A-100", "price_min_cents": "200"},
            "price_min_cents 200 is above the highest price of category_url, in cents, 100",
        ),
        (
            {"category_url": f"{URL}&low-price=3", "price_max_cents": "200"},
            "the lowest price of category_url, in cents, 300 is above price_max_cents 200",
        ),
        ({"category_url": URL, "max_products": "0"}, "max_products is '0'"),
        ({"category_url": URL, "include_sponsored": "perhaps"}, "include_sponsored"),
        ({"category_url": URL, "postcod": "4500"}, "unknown argument 'postcod'"),
        (
            {"category_url": "https://www.amazon.ae/s?rh=n%3A1", "postcode": "1"},
            "inactive: it delivers by city",
        ),
    ],
)
def test_a_bad_argument_is_refused_with_a_sentence(arguments: dict[str, str], says: str) -> None:
    with pytest.raises(InvalidJob, match=says):
        CategoryJob.from_arguments(arguments)


def test_every_wrong_argument_is_named_at_once() -> None:
    given = {"category_url": URL, "postcode": "99", "amazon_node_id": "7", "max_products": "many"}
    with pytest.raises(WrongFields) as refused:
        CategoryJob.from_arguments(given | {"price_min_cents": "-3"})
    assert {fault.field for fault in refused.value.faults} == {
        *("postcode", "amazon_node_id", "max_products", "price_min_cents")
    }
    assert str(refused.value).count("; ") == 3


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("max_products", True, "max_products is true: it must be a whole number"),
        ("domain", False, "domain is false: it must be a string"),
        ("max_products", 0, "max_products is 0: it must be at least 1"),
    ],
)
def test_a_complaint_shows_values_as_json_does(field: str, value: Any, says: str) -> None:
    good = {"category_url": URL, "amazon_node_id": "4851693051", "domain": "amazon.com.au"}
    given = good | {field: value}
    with pytest.raises(ValidationError) as caught:
        CategoryJob.model_validate(given)
    assert [fault.message for fault in faults_of(caught.value, given)] == [says]


def test_types_are_strict_in_json() -> None:
    body = f'{{"category_url": "{URL}", "amazon_node_id": "4851693051", "domain": "amazon.com.au"'
    CategoryJob.model_validate_json(body + ', "postcode": null}')
    for wrong in ('"include_sponsored": "true"', '"max_products": "5"', '"price_min_cents": 1.0'):
        with pytest.raises(ValidationError):
            CategoryJob.model_validate_json(f"{body}, {wrong}}}")


@pytest.mark.parametrize(
    ("asked", "paid", "limit"),
    [(None, None, None), (5, None, 5), (None, 7, 7), (5, 7, 5), (9, 7, 7)],
)
def test_the_nearer_limit_counts(asked: int | None, paid: int | None, limit: int | None) -> None:
    given = {"max_products": asked, "credit_limit": paid}
    arguments = {name: str(value) for name, value in given.items() if value is not None}
    assert FundedJob.from_arguments({"category_url": URL} | arguments).limit == limit


def test_a_job_from_outside_has_no_credit_limit() -> None:
    with pytest.raises(InvalidJob, match="credit_limit"):
        CategoryJob.from_arguments({"category_url": URL, "credit_limit": "5"})


def test_its_address_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    parse = ListingURL.parse

    def counted(url: str) -> ListingURL:
        parsed.append(url)
        return parse(url)

    monkeypatch.setattr(ListingURL, "parse", counted)
    given = {"category_url": URL, "price_max_cents": "500"}
    job = CategoryJob.from_arguments(given)
    assert (job.price_bounds, job.warnings, job.listing.price) == ((None, 500), [], (None, 500))
    assert parsed == [URL]
    made = CategoryJob.model_validate(
        {"category_url": URL, "amazon_node_id": "4851693051", "domain": "amazon.com.au"}
    )
    assert (made.listing.node, made.warnings) == ("4851693051", [])
    assert parsed == [URL, URL]
