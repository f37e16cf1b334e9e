"""Renews a delivery session during a crawl, with a separate delivery job.

The job is a child process, so it needs no Scrapyd slot and keeps the browser out of the crawl. It
waits for other jobs that make the same session and keeps a session that is newer than the lost one.
So if many crawls lose a session at once, only one of them starts a browser.
"""

import asyncio
import os
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from category_crawler.checkout import PROJECT
from category_crawler.delivery.report import forget_report, read_report
from category_crawler.delivery.session import DeliverySession
from category_crawler.errors import DeliveryFailed
from category_crawler.files.home import logs_folder
from category_crawler.process_watch import PARENT

_TERM_SECONDS = 5.0


async def renew(session: DeliverySession, seconds: float) -> DeliverySession:
    """Make the session again and return it. Raises DeliveryFailed or SessionError.

    Cancelling this coroutine stops the job.
    """
    name = f"renewal-{uuid.uuid4().hex[:12]}"
    try:
        async with asyncio.timeout(seconds), _job(session, name) as process:
            await process.wait()
    except TimeoutError:
        raise DeliveryFailed(f"no new session was made within {seconds:.0f} s") from None
    report = read_report(name)
    forget_report(name)
    if report is None:
        raise DeliveryFailed("the delivery job wrote no report; its log is beside those of jobs")
    if report.stage != "done":
        raise DeliveryFailed(report.complaint)
    return DeliverySession.load(session.domain, session.postcode)


@asynccontextmanager
async def _job(session: DeliverySession, name: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the delivery job; stop it at the end of the block."""
    log = logs_folder() / "default" / "delivery" / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    asked = {
        "domain": session.domain,
        "postcode": session.postcode,
        "suburb": session.about.get("suburb") or "",
        "replaces": session.version,
        "report": name,
    }
    arguments = [part for key, value in asked.items() for part in ("-a", f"{key}={value}")]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "category_crawler", "crawl", "delivery", *arguments),
        *("-s", f"LOG_FILE={log}"),
        cwd=PROJECT,
        env=os.environ | {PARENT: str(os.getpid())},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    for send_signal in (process.terminate, process.kill):
        if process.returncode is not None:
            return
        send_signal()
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _TERM_SECONDS)
