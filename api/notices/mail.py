"""Sends mails: the envelope around a letter, and the talk with the SMTP server."""

import asyncio
import ssl
from contextlib import suppress
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

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
from api.notices.letter import Letter
from api.notices.undelivered import NotDelivered
from api.store.records import Notice

_LOST_FOR_GOOD = 500
_GOODBYE_SECONDS = 2


def send_mail(notice: Notice, letter: Letter, settings: Settings) -> None:
    """Hand a mail over to the SMTP server. Raises NotDelivered."""
    message = compose(notice, letter, settings.smtp_sender)
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


def compose(notice: Notice, letter: Letter, sender: str) -> EmailMessage:
    """The mail; sent twice it has the same Message-ID, so that it can be shown once."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = _with_ascii_domain(notice.target)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(datetime.fromisoformat(notice.created_at))
    message["Message-ID"] = f"<{notice.event}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    return message


def _with_ascii_domain(address: str) -> str:
    """The address with the ASCII form of its domain, which every mail server takes."""
    name, _, domain = address.rpartition("@")
    with suppress(idna.IDNAError):
        domain = idna.encode(domain, uts46=True).decode()
    return f"{name}@{domain}"
