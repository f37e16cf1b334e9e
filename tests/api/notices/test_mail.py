"""Mails: what one says, and how it is handed to a real SMTP server that may refuse it."""

from pathlib import Path

import pytest

from api.notices.outbox import Notices
from api.runners.prune import pruned
from api.store import Store
from tests.api.owed_notices import deliver_all, ended, kept, make_due
from tests.api.receivers import PASSWORD, USER, Mailbox, mail_settings, smtp_server, trusted
from tests.api.services import BODY, Caller


def text_of(mailbox: Mailbox) -> str:
    (message,) = mailbox.messages
    text: str = message.get_content()  # type: ignore[attr-defined]
    return text


def test_a_mail_tells_what_became_of_a_run(
    alice: Caller, store: Store, notices: Notices, mailbox: Mailbox
) -> None:
    runner = ended(
        store,
        alice.user,
        category_url=f"{BODY['category_url']}&high-price=25",
        amazon_node_id=BODY["amazon_node_id"],
        filter_delivery_day="tomorrow",
    )
    deliver_all(notices)
    (message,) = mailbox.messages
    assert mailbox.recipients == [["alice@example.org"]]
    assert message["Subject"] == "Done: Lamps, 2 products"
    assert message["From"] == "Crawler <crawler@example.org>"
    assert message.get_content_type() == "text/plain"
    link = f"https://crawl.example/api/v1/results/{runner.collection.id}/{runner.id}"
    for line in (
        f"Run:        Lamps (collection {runner.collection.id}, runner {runner.id})",
        f"Category:   Lighting (node {BODY['amazon_node_id']} of amazon.com.au)",
        f"Address:    {BODY['category_url']}&high-price=25",
        "Postcode:   4500",
        "Filters:    delivery tomorrow; price to 25.00 AUD",
        f"Ended:      done, {runner.finished_at}",
        "Products:   2 products",
        "Coverage:   complete, the site reports 2 (every one was served)",
        f"Rows:       {link}/category_asins.json",
        f"As a table: {link}/category_asins.csv",
    ):
        assert line in text_of(mailbox).splitlines()
    assert [row["status"] for row in kept(store)] == ["sent"]


def test_a_mail_of_a_run_whose_files_are_gone_says_so(
    alice: Caller, store: Store, notices: Notices, mailbox: Mailbox
) -> None:
    runner = ended(store, alice.user)
    assert pruned(store, -5, "prune --older-than 1h") == 1
    deliver_all(notices)
    removed = store.runners.get(runner.id)
    assert removed is not None
    told = text_of(mailbox)
    assert f"Rows:       removed at {removed.files_removed_at} by prune --older-than 1h" in told
    assert "category_asins" not in told
    assert "x-api-key" not in told


@pytest.mark.parametrize(
    ("address", "recipient"),
    [
        ("desk@bücher.example", "desk@xn--bcher-kva.example"),
        ("desk@straße.example", "desk@xn--strae-oqa.example"),
        ("desk@Example.ORG", "desk@example.org"),
    ],
)
def test_a_mail_goes_to_the_ascii_form_of_a_domain(
    alice: Caller, store: Store, notices: Notices, mailbox: Mailbox, address: str, recipient: str
) -> None:
    ended(store, alice.user, notification_email=address)
    deliver_all(notices)
    assert mailbox.recipients == [[recipient]]
    assert mailbox.messages[0]["To"] == recipient


def test_a_mail_tells_why_a_run_failed(
    alice: Caller, store: Store, notices: Notices, mailbox: Mailbox
) -> None:
    ended(store, alice.user, "failed", notification_email="desk@example.org")
    deliver_all(notices)
    assert mailbox.recipients == [["desk@example.org"]]
    assert mailbox.messages[0]["Subject"] == "Failed: Lamps, 2 products"
    assert "Reason:     blocked: The site asks for a captcha" in text_of(mailbox)
    assert "Coverage:   not complete, the site reports 2" in text_of(mailbox).splitlines()


@pytest.mark.parametrize(
    "name", ["Lamps\nBcc: x@example.org", "a\r\nb", "\x00\x1b[31m", "💡 ümläut"]
)
def test_a_name_stays_a_name(
    alice: Caller, store: Store, notices: Notices, mailbox: Mailbox, name: str
) -> None:
    ended(store, alice.user, name=name)
    deliver_all(notices)
    assert mailbox.recipients == [["alice@example.org"]]
    assert mailbox.messages[0]["Bcc"] is None
    assert "\n" not in mailbox.messages[0]["Subject"]


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_over_tls_with_a_password_from_a_file(
    alice: Caller, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tls: str
) -> None:
    context = trusted(tmp_path, monkeypatch, "127.0.0.1")
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    ended(store, alice.user)
    with smtp_server(context, tls=tls) as mailbox:
        login = {"smtp_user": USER, "smtp_password_file": str(tmp_path / "password")}
        settings = mail_settings(mailbox, smtp_tls=tls, **login)
        monkeypatch.setenv("SSL_CERT_FILE", "/dev/null")
        deliver_all(Notices(store, settings))
        assert mailbox.messages == [], "a server that cannot prove itself gets nothing"
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
        make_due(store)
        deliver_all(Notices(store, settings))
        assert len(mailbox.messages) == 1


@pytest.mark.parametrize(
    ("wrong", "missing"),
    [
        ({"smtp_tls": "starttls"}, "STARTTLS extension not supported by server"),
        ({"smtp_user": USER}, "AUTH extension is not supported by this server"),
    ],
)
def test_settings_that_do_not_fit_the_server_can_still_be_mended(
    alice: Caller, store: Store, mailbox: Mailbox, wrong: dict[str, str], missing: str
) -> None:
    ended(store, alice.user)
    deliver_all(Notices(store, mail_settings(mailbox, **wrong)))
    (row,) = kept(store)
    assert (row["status"], missing in row["said"]) == ("pending", True)
    make_due(store)
    deliver_all(Notices(store, mail_settings(mailbox)))
    assert len(mailbox.messages) == 1


@pytest.mark.parametrize(
    ("address", "answers"), [("unknown@example.org", []), ("a@example.org", ["554 never"])]
)
def test_a_mail_refused_for_good_is_given_up(
    alice: Caller,
    store: Store,
    notices: Notices,
    mailbox: Mailbox,
    address: str,
    answers: list[str],
) -> None:
    mailbox.answers = answers
    ended(store, alice.user, notification_email=address)
    deliver_all(notices)
    assert [row["status"] for row in kept(store)] == ["given up"]
