"""Mails: how one of a run that has ended reads, and how it is sent."""

import smtplib
import ssl
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any

from api.config import Settings
from api.store import Row
from api.undelivered import NotDelivered

_ANSWER_SECONDS = 20
_LOST_FOR_GOOD = 500


def send_mail(notice: Row, run: dict[str, Any], settings: Settings) -> None:
    """Hand a mail over to the SMTP server. Raises NotDelivered."""
    message = compose(notice, run, settings.smtp_sender)
    try:
        with _connected(settings) as server:
            server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        raise NotDelivered(f"{code} {said!r}", for_good=code >= _LOST_FOR_GOOD) from None
    except smtplib.SMTPDataError as error:
        refused = f"{error.smtp_code} {error.smtp_error!r}"
        raise NotDelivered(refused, for_good=error.smtp_code >= _LOST_FOR_GOOD) from None
    except smtplib.SMTPNotSupportedError as error:
        raise NotDelivered(str(error), for_good=True) from None
    except (OSError, smtplib.SMTPException) as error:
        raise NotDelivered(f"{type(error).__name__}: {error}") from None


def compose(notice: Row, run: dict[str, Any], sender: str) -> EmailMessage:
    """The mail; sent twice it has the same Message-ID, so that it can be shown once."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = notice["target"]
    message["Subject"] = f"{_outcome(run)}: {_one_line(run['name'])}, {_products(run)}"
    message["Date"] = format_datetime(datetime.fromisoformat(notice["created_at"]))
    message["Message-ID"] = f"<{notice['event']}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_text(run))
    return message


def _connected(settings: Settings) -> smtplib.SMTP:
    where: dict[str, Any] = {"host": settings.smtp_host, "port": settings.smtp_port}
    if settings.smtp_tls == "tls":
        context = ssl.create_default_context()
        server: smtplib.SMTP = smtplib.SMTP_SSL(**where, timeout=_ANSWER_SECONDS, context=context)
    else:
        server = smtplib.SMTP(**where, timeout=_ANSWER_SECONDS)
    try:
        if settings.smtp_tls == "starttls":
            server.starttls(context=ssl.create_default_context())
        if settings.smtp_user:
            server.login(settings.smtp_user, settings.smtp_secret)
    except smtplib.SMTPNotSupportedError as error:
        server.close()
        # A setting is wrong, which the operator may mend within the day.
        raise NotDelivered(str(error)) from None
    except BaseException:
        server.close()
        raise
    return server


def _text(run: dict[str, Any]) -> str:
    facts = {
        "Run": f"{_one_line(run['name'])} (collection {run['collection']}, runner {run['id']})",
        "Ended": f"{_outcome(run).lower()}, {run['finished_at']}",
        "Products": _products(run),
        "Reason": run["failed_message"] and f"{run['failed_reason']}: {run['failed_message']}",
        "Coverage": _coverage(run["coverage"], run["failed_message"]),
        "Rows": run["download_links"]["all_pages"],
        "As a table": run["download_links"]["all_pages"].replace(".json", ".csv"),
    }
    lines = [f"{name + ':':<12}{_one_line(str(fact))}" for name, fact in facts.items() if fact]
    return "\n".join([*lines, "", "The links take your x-api-key or a token, as any call does."])


def _outcome(run: dict[str, Any]) -> str:
    if run["failed_reason"] == "cancelled":
        return "Cancelled"
    return "Done" if run["stage"] == "done" else "Failed"


def _products(run: dict[str, Any]) -> str:
    return f"{run['asin_count']:,} product{'' if run['asin_count'] == 1 else 's'}"


def _coverage(coverage: dict[str, Any] | None, told: str | None) -> str:
    """In words; why it is so only where that has not been told already."""
    if coverage is None:
        return "not known"
    word = {True: "complete", False: "not complete"}.get(coverage["complete"], "not certain")
    reported = coverage.get("reported_total")
    of = f", the site reports {reported:,}" if reported is not None else ""
    why = coverage.get("why")
    return f"{word}{of}{f' ({why})' if why and why != told else ''}"


def _one_line(text: str) -> str:
    """A text that cannot begin a header or a line of its own."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
