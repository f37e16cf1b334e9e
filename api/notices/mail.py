"""Composes and sends the mail about an ended run."""

import asyncio
import ssl
from contextlib import suppress
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any

import idna
from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
)

from api.config import Settings
from api.notices.event_loop import run
from api.notices.undelivered import NotDelivered
from api.runners.asked import Asked
from api.runners.report import Report
from api.sentences import one_line
from api.store.records import Notice
from api.store.stage import Stage
from category_crawler.errors import Cancelled

_LOST_FOR_GOOD = 500
_GOODBYE_SECONDS = 2


def send_mail(notice: Notice, told: Report, settings: Settings) -> None:
    """Hand a mail over to the SMTP server. Raises NotDelivered."""
    message = compose(notice, told, settings.smtp_sender)
    try:
        run(_hand_over, message, settings)
    except SMTPRecipientsRefused as error:
        raise _refused(error.recipients[0].code, error.recipients[0].message) from None
    except SMTPDataError as error:
        raise _refused(error.code, error.message) from None
    except SMTPNotSupported as error:
        raise NotDelivered(str(error), for_good=True) from None
    # A setting may be wrong, which the operator can mend within the day.
    except SMTPException as error:
        raise NotDelivered(f"{type(error).__name__}: {error}") from None
    except TimeoutError:
        seconds = f"{settings.notice_timeout:g} s"
        raise NotDelivered(f"{settings.smtp_host} took longer than {seconds}") from None
    except OSError as error:
        raise NotDelivered(f"{type(error).__name__}: {error}") from None


def _refused(code: int, said: str) -> NotDelivered:
    return NotDelivered(f"{code} {said!r}", for_good=code >= _LOST_FOR_GOOD)


async def _hand_over(message: EmailMessage, settings: Settings) -> None:
    """Raises TimeoutError after notice_timeout."""
    server = SMTP(
        hostname=settings.smtp_host,
        port=settings.smtp_port,
        username=settings.smtp_user or None,
        password=settings.smtp_secret,
        use_tls=settings.smtp_tls == "tls",
        start_tls=settings.smtp_tls == "starttls",
        tls_context=ssl.create_default_context(),
        timeout=None,  # it would be one for each step
    )
    try:
        async with asyncio.timeout(settings.notice_timeout):
            await server.connect()
            await server.send_message(message)
        # The server has taken the mail: nothing that it says now can change that.
        with suppress(SMTPException):
            await server.quit(timeout=_GOODBYE_SECONDS)
    finally:
        server.close()


def compose(notice: Notice, run: Report, sender: str) -> EmailMessage:
    """The mail; sent twice it has the same Message-ID, so that it can be shown once."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = _with_ascii_domain(notice.target)
    message["Subject"] = f"{_outcome(run)}: {one_line(run['name'])}, {_products(run)}"
    message["Date"] = format_datetime(datetime.fromisoformat(notice.created_at))
    message["Message-ID"] = f"<{notice.event}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_text(run))
    return message


def _with_ascii_domain(address: str) -> str:
    """The address with the ASCII form of its domain, which every mail server takes."""
    name, _, domain = address.rpartition("@")
    with suppress(idna.IDNAError):
        domain = idna.encode(domain, uts46=True).decode()
    return f"{name}@{domain}"


def _text(run: Report) -> str:
    link = next(iter(run["download_links"]["pages"]), "")
    asked = run["asked"]
    facts = {
        "Run": f"{one_line(run['name'])} (collection {run['collection']}, runner {run['id']})",
        "Category": _category(asked),
        "Address": asked.category_url,
        "Postcode": asked.postcode,
        "Filters": "; ".join(asked.filters),
        "Ended": f"{_outcome(run).lower()}, {run['finished_at']}",
        "Products": _products(run),
        "Reason": run["failed_message"] and f"{run['failed_reason']}: {run['failed_message']}",
        "Coverage": _coverage(run["coverage"], run["failed_message"]),
        "Rows": link or _removed(run),
        "As a table": link.replace(".json", ".csv"),
    }
    lines = [f"{name + ':':<12}{one_line(str(fact))}" for name, fact in facts.items() if fact]
    if link:
        lines += ["", "The links take your x-api-key or a token, as any call does."]
    return "\n".join(lines)


def _category(asked: Asked) -> str:
    node = f"node {asked.amazon_node_id} of {asked.domain}"
    return f"{asked.node_name} ({node})" if asked.node_name else node


def _removed(run: Report) -> str:
    """When and by which rule the rows went; empty if that is not recorded."""
    at, rule = run["files_removed_at"], run["files_removed_by"]
    return f"removed at {at} by {rule}" if at else ""


def _outcome(run: Report) -> str:
    if run["failed_reason"] == Cancelled.reason:
        return "Cancelled"
    return "Done" if run["stage"] == Stage.DONE.value else "Failed"


def _products(run: Report) -> str:
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
