"""The page "New crawl", without a browser; with a real Scrapyd where one is needed."""

import re
from html import unescape

import pytest
from flask import Flask

from api.accounts.passwords import password_hash
from api.alerts.rules import rules_of
from api.store import Store
from category_crawler.delivery.session import session_file
from tests.api.services import Daemon
from tests.api.web.reader import PASSWORD, Reader
from tests.crawls import DOMAIN, POSTCODE, URL
from tests.storefront import Storefront
from tests.waiting import until

PAGE = "/new/"
FORM = {"category_url": URL, "postcode": POSTCODE}
FILLED_IN = FORM | {
    "filter_prime_ships_from_au": "on",
    "filter_delivery_day": "tomorrow",
    "price_min": "5",
    "price_max": "1,299.50",
    "max_products": "1,000",
    "name": "Lamps <b>",
    "priority": "High",
    "include_sponsored": "on",
    "repeat": "daily",
    "at": "06:30",
    "timezone": "",
    "notification_email": "x@example.org",
    "alert_price_falls": "on",
    "alert_percent": "7.5",
    "alert_run_failed": "on",
}


@pytest.fixture
def other(app: Flask, store: Store, reader: Reader) -> Reader:
    """Another user, signed in."""
    store.users.set_password(
        store.users.add("ben@example.org", "Ben", "1" * 64), password_hash(PASSWORD)
    )
    signed_in = Reader(app.test_client())
    signed_in.sign_in("ben@example.org")
    return signed_in


def ready(reader: Reader, path: str, words: str) -> str:
    """A page, once it no longer says that something is being made."""
    return until(lambda: unescape(reader.get(path).text), lambda text: words in text, 60)


def fault(text: str, field: str) -> str:
    """What is said beside a field."""
    found = re.search(rf'id="{field}-(?:hint|fault)" class="fault">([^<]*)<', text) or re.search(
        rf'class="fault" id="{field}-(?:hint|fault)">([^<]*)<', text
    )
    return unescape(found[1]) if found else ""


def test_an_address_is_understood_at_once(reader: Reader) -> None:
    pasted = f"{URL}&k=desk+lamp&low-price=5&high-price=1%2C000&tag=x-22&qid=1&ref=sr_nr_1"
    text = unescape(reader.send(PAGE, "/new/understood", category_url=pasted).text)
    for said in ("amazon.com.au", "number 4851693051", "desk lamp", "from $5.00 to $1,000.00"):
        assert said in text
    assert "tag, qid, ref" in text
    assert "Prime, ships from Australia" in text
    assert "Lowest price (AUD)" in text


def test_filters_are_those_of_the_marketplace(reader: Reader) -> None:
    german = "https://www.amazon.de/-/en/s?rh=n%3A123"
    text = unescape(reader.send(PAGE, "/new/understood", category_url=german).text)
    assert "The language prefix /-/en was taken off the address" in text
    assert "the list is read in the shop's own language" in text
    assert "Highest price (EUR)" in text
    assert "ships from Australia" not in text
    assert "within two days" not in text


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://www.amazon.com.au/dp/B01", "The path '/dp/B01' is not a listing's: copy"),
        ("https://amzn.to/3x", "The address's host amzn.to makes short links: open the link"),
        (
            "https://shop.example/s?rh=n%3A1",
            "The address's host 'shop.example' is not a marketplace's",
        ),
        ("<script>alert(1)</script>", "The address must begin with https://www.<domain>/"),
    ],
)
def test_what_is_wrong_with_an_address_is_said_and_how_to_mend_it(
    reader: Reader, url: str, said: str
) -> None:
    answer = reader.send(PAGE, "/new/understood", category_url=url)
    assert said in fault(answer.text, "category_url")
    assert "<script>alert" not in answer.text


def test_checking_works_without_a_script_and_its_address_can_be_kept(reader: Reader) -> None:
    answer = reader.send(PAGE, "/new/check", **FORM, price_max="19.50", alert_gone="on")
    assert answer.status_code == 303
    assert "csrf_token" not in answer.location
    text = unescape(reader.get(answer.location).text)
    assert "number 4851693051" in text
    assert 'value="19.50"' in text
    assert re.search(r'name="alert_gone"\s+checked', text)
    assert "The shop delivers to" in text


def test_what_is_missing_is_said_when_it_is_started(
    reader: Reader, store: Store, ann: object
) -> None:
    answer = reader.send(PAGE, PAGE)
    assert answer.status_code == 400
    assert fault(answer.text, "category_url") == "Paste the address of a category's page here."
    without = reader.send(PAGE, PAGE, category_url=URL)
    assert "Say where the shop is to deliver to" in fault(without.text, "postcode")
    assert store.runners.page(1, None, 10, 0)[0] == 0


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("price_min", "cheap", "It must be a price such as 25 or 24.99, not 'cheap'."),
        ("max_products", "0", "This is 0: it must be at least 1."),
        ("max_products", "many", "It must be a whole number, such as 500."),
        ("postcode", "99", "This is no postcode of amazon.com.au."),
        ("notification_email", "x", "This is 'x': value is not a valid email address"),
        ("webhook_url", "http://a.example/", "must begin with https://"),
        ("webhook_url", "https://127.0.0.1/", "This cannot be called"),
        ("timezone", "Sydney", "it must be a name of the IANA time zone database"),
        ("cron", "x", "it must have five fields"),
        ("alert_percent", "none", "It must be a number from 0.01 to 100."),
    ],
)
def test_a_fault_stands_beside_its_field_and_what_was_typed_stays(
    reader: Reader, field: str, typed: str, said: str
) -> None:
    more = {"alert_price_falls": "on", "repeat": "cron", "cron": "0 6 * * *"}
    answer = reader.send(PAGE, PAGE, **FORM | more | {field: typed})
    assert answer.status_code == 400
    assert said in fault(answer.text, field)
    assert f'value="{typed}"' in answer.text


@pytest.mark.parametrize(
    "typed", [URL.removeprefix("https://"), URL.replace("https://www.", ""), f"http{URL[5:]}"]
)
def test_an_address_without_its_scheme_is_taken(
    reader: Reader, store: Store, scrapyd: Daemon, typed: str
) -> None:
    answer = reader.send(PAGE, PAGE, **FORM | {"category_url": typed})
    assert answer.status_code == 303
    runner = store.runners.get(1)
    assert runner is not None
    stored = runner.collection.request.fields["category_url"]
    assert stored.replace("//amazon", "//www.amazon") == URL


def test_the_lowest_price_above_the_highest_is_a_fault(reader: Reader) -> None:
    answer = reader.send(PAGE, PAGE, **FORM, price_min="20", price_max="10")
    assert "The lowest price is above the highest one" in fault(answer.text, "price_min")


def test_a_crawl_is_started_as_it_was_filled_in(
    reader: Reader, store: Store, scrapyd: Daemon
) -> None:
    answer = reader.send(PAGE, PAGE, **FILLED_IN)
    assert (answer.status_code, answer.location) == (303, "/collections/1/runs/1/")
    runner = store.runners.get(1)
    assert runner is not None
    fields = runner.collection.request.fields
    assert fields["price_min_cents"] == 500
    assert fields["price_max_cents"] == 129_950
    assert fields["max_products"] == 1000
    assert fields["filter_delivery_day"] == "tomorrow"
    assert (fields["priority"], fields["include_sponsored"]) == ("High", True)
    assert runner.collection.name == "Lamps <b>"
    schedule = store.schedules.of(1)
    assert schedule is not None
    assert (schedule.recurrence.every, schedule.recurrence.at) == ("daily", "06:30")
    assert schedule.recurrence.timezone == "Australia/Sydney"
    rules = rules_of(store.alerts.rules(1))
    assert [rule.words for rule in rules] == ["price falls by 7.5 % or more", "run failed"]


def test_a_second_click_starts_nothing_and_another_form_does(
    reader: Reader, store: Store, ann: object, scrapyd: Daemon
) -> None:
    key = re.search(r'name="once" value="([^"]+)"', reader.get(PAGE).text)
    assert key is not None
    places = [reader.send(PAGE, PAGE, **FORM, once=key[1]).location for _ in range(2)]
    assert places == ["/collections/1/runs/1/"] * 2
    again = reader.send(PAGE, PAGE, **FORM, name="Others", once=key[1])
    assert again.location == "/collections/2/runs/2/"
    assert store.runners.page(1, None, 10, 0)[0] == 2


def test_what_keeps_a_crawl_from_starting_is_said_on_the_form(
    reader: Reader, store: Store, ann: object
) -> None:
    away = reader.send(PAGE, PAGE, **FORM, name="Lamps")
    assert away.status_code == 503
    assert "The service cannot start anything just now" in away.text
    assert 'value="Lamps"' in away.text
    store.credits.grant(1, -1)
    poor = reader.send(PAGE, PAGE, **FORM)
    assert poor.status_code == 402
    assert "You have no credits left" in poor.text


def test_without_a_session_it_is_set_up_on_the_spot_and_a_suburb_chosen(
    reader: Reader, scrapyd: Daemon, other: Reader
) -> None:
    session_file(DOMAIN, POSTCODE).unlink()
    refused = reader.send(PAGE, PAGE, **FORM)
    assert "deliver there for us yet: set it up below" in fault(refused.text, "postcode")
    assert "Set it up" in refused.text
    answer = reader.send(PAGE, "/new/session", **FORM)
    assert "is being told to deliver to 4500" in reader.get(answer.location).text
    asked = re.search(r'hx-get="([^"]+)" hx-trigger="every 2s"', reader.get(answer.location).text)
    assert asked is not None
    known: dict[str, str] = {}

    def poll() -> int:
        polled = reader.get(unescape(asked[1]), **known)
        known["If-None-Match"] = polled.headers["ETag"]
        return polled.status_code

    assert until(poll, lambda status: status == 304)
    assert until(poll, lambda status: status == 200, 60)
    text = ready(reader, answer.location, "The shop delivers to")
    assert "<bdi>BRAY PARK</bdi> 4500" in text
    assert "<option selected>BRAY PARK</option><option>STRATHPINE</option>" in text
    assert "The shop delivers to" in other.get(answer.location).text
    answer = reader.send(PAGE, "/new/session", **FORM, suburb="STRATHPINE")
    assert "<bdi>STRATHPINE</bdi> 4500" in ready(reader, answer.location, "The shop delivers to")
    other.send(PAGE, "/new/session", **FORM, suburb="STRATHPINE")
    refused = reader.send(PAGE, "/new/session", **FORM, suburb="BRAY PARK")
    assert refused.status_code == 409
    assert "stays at STRATHPINE" in refused.text


def test_a_preview_is_shown_once_it_is_ready(
    reader: Reader, other: Reader, scrapyd: Daemon, shop: Storefront, store: Store
) -> None:
    answer = reader.send(PAGE, "/new/preview", **FORM, price_max="500")
    assert answer.status_code == 303
    assert answer.location.endswith("&preview=1#preview")
    path = answer.location.partition("#")[0]
    assert 'hx-trigger="every 2s"' in reader.get(path).text
    assert "being made" not in other.get(path).text, "another's preview is not shown"
    text = ready(reader, path, "products, according to the shop")
    assert "pages to fetch (estimate)" in text
    assert "credits at most" in text
    assert text.count('loading="lazy"') == 8
    assert "https://m.media-amazon.com/" in text
    assert ">applied</span>" in text
    assert 'hx-trigger="every 2s"' not in reader.get(path.replace("/new/?", "/new/preview?")).text
    assert store.runners.page(1, None, 10, 0)[0] == 0


def test_a_filter_that_is_not_applied_is_named(
    reader: Reader, scrapyd: Daemon, shop: Storefront
) -> None:
    shop.switches.drop_filter = "p_n_prime_domestic"
    answer = reader.send(PAGE, "/new/preview", **FORM, filter_prime_ships_from_au="on")
    text = ready(reader, answer.location.partition("#")[0], "A crawl would fail")
    assert "not applied" in text
    assert "pages to fetch" not in text


def test_a_block_is_told_on_the_page(reader: Reader, scrapyd: Daemon, shop: Storefront) -> None:
    shop.switches.block, shop.switches.block_from = "captcha", 1
    answer = reader.send(PAGE, "/new/preview", **FORM)
    text = ready(reader, answer.location.partition("#")[0], "answered with")
    assert "captcha" in text


def test_a_preview_of_a_form_that_is_not_whole_says_what_is_missing(reader: Reader) -> None:
    answer = reader.send(PAGE, "/new/preview", category_url=URL)
    assert answer.status_code == 400
    assert "Say where the shop is to deliver to" in fault(answer.text, "postcode")


def test_titles_are_escaped(reader: Reader, scrapyd: Daemon, shop: Storefront) -> None:
    shop.switches.title_end = " <script>alert(1)</script> \u05d0"
    answer = reader.send(PAGE, "/new/preview", **FORM)
    path = answer.location.partition("#")[0]
    text = until(lambda: reader.get(path).text, lambda text: "according to the shop" in text, 60)
    assert "<script>alert" not in text
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt; \u05d0</a>") == 8
