"""Delivery sessions: one cookie file per domain and postcode.

``cookies/<domain>/<POSTCODE>.json`` holds a Playwright storage state. A JSON list of cookies, as
browser extensions export it, and Netscape ``cookies.txt`` work too. To import one::

    python -m category_crawler.delivery import amazon.com.au 4500 exported.json
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from filelock import AsyncFileLock, FileLock, Timeout

from category_crawler.cluster.membership import queue_url
from category_crawler.delivery.cookies import Cookie, about_of, is_usable, read_cookies
from category_crawler.domain_config import DOMAINS, Marketplace
from category_crawler.errors import InvalidJob, SessionMissing, SessionUnreadable
from category_crawler.files.atomic_write import write_whole
from category_crawler.files.home import cookies_folder
from category_crawler.times import utc_now

if TYPE_CHECKING:
    from category_crawler.cluster.lock import EngineLock

_PRIVATE = 0o600
_LOCK_POLL_SECONDS = 0.2
_SETTLED_SECONDS = 2.0
"""Two writes within this time may leave a file with the same time."""
_VERSION_BYTES = 16
_UNREADABLE = "unreadable"
"""Version of a file that is there and cannot be read."""
_MADE_BY_SPIDER = ("created_at", "user_agent", "location")


@dataclass(frozen=True, slots=True)
class DeliverySession:
    """Cookies that make a marketplace deliver to one postcode."""

    domain: str
    postcode: str
    """In capitals without spaces and hyphens; see :meth:`.Marketplace.postcode`."""
    cookies: list[Cookie] = field(repr=False)
    about: dict[str, Any] = field(default_factory=dict)
    """How it was made: ``created_at`` (UTC), ``user_agent``, ``location``, ``suburb``, and
    ``imported`` if the operator imported it or the session that it replaced."""
    version: str = ""
    """Version of the file that it was read from; see :func:`session_version`."""

    @classmethod
    def load(cls, domain: str, postcode: str) -> Self:
        """Read the session's file.

        Raises SessionMissing if there is none, SessionUnreadable if it holds no usable cookie for
        the domain.
        """
        path = session_file(domain, postcode)
        try:
            content = _content(path)
            text = content.decode()
        except FileNotFoundError:
            raise SessionMissing(
                f"No cookie file found for {domain} {postcode}: make one with "
                f"create-zipcode, or 'scrapy crawl delivery -a domain={domain} -a "
                f"postcode={postcode}'"
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise SessionUnreadable(f"the cookie file {path} cannot be read: {error}") from None
        return replace(cls.read(text, domain, postcode), version=_digest(content))

    @classmethod
    def read(cls, text: str, domain: str, postcode: str) -> Self:
        """Read a session from text in any of the three formats. Raises SessionUnreadable."""
        cookies = [cookie for cookie in read_cookies(text) if is_usable(cookie, domain)]
        if not cookies:
            raise SessionUnreadable(
                f"the cookie file for {domain} {postcode} holds no cookie of {domain} that is "
                "still valid: export the cookies again while the page shows the postcode"
            )
        return cls(domain, postcode, cookies, about_of(text))

    @property
    def age(self) -> float:
        """Seconds since it was made; if that is not known, since its file was written."""
        made = self.about.get("created_at")
        try:
            return time.time() - datetime.fromisoformat(str(made)).timestamp()
        except ValueError:
            return time.time() - session_file(self.domain, self.postcode).stat().st_mtime

    def save(self) -> Path:
        """Write the session's file, readable by its owner only, and return its path."""
        path = session_file(self.domain, self.postcode)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = {"cookies": self.cookies, "origins": [], "category_crawler": self.about}
        write_whole(path, [json.dumps(state, indent=1).encode()], _PRIVATE)
        return path

    @property
    def request_cookies(self) -> list[Any]:
        """Cookies for a Scrapy request, each set for the whole domain.

        Without that, Scrapy would later send a cookie twice: this one and the one the site sets.
        """
        return [
            {
                "name": cookie["name"],
                "value": cookie["value"],
                "domain": f".{self.domain}",
                "path": cookie.get("path") or "/",
                "secure": True,
            }
            for cookie in self.cookies
        ]


def session_file(domain: str, postcode: str) -> Path:
    """Path of the session of a domain and a postcode in its one form."""
    return cookies_folder() / domain / f"{postcode}.json"


def is_imported(domain: str, postcode: str) -> bool:
    """Whether the session's file is the operator's: imported, or not made by our spider."""
    try:
        about = about_of(session_file(domain, postcode).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    except (OSError, UnicodeDecodeError):
        return True
    return about.get("imported") is True or not set(_MADE_BY_SPIDER) <= set(about)


def remove_session(domain: str, postcode: str) -> bool:
    """Remove the session's file unless it is the operator's; False while a job makes it again.

    Raises OSError.
    """
    path = session_file(domain, postcode)
    if not path.parent.exists():
        return True
    try:
        with _lock_now(domain, postcode):
            if not is_imported(domain, postcode):
                path.unlink(missing_ok=True)
    except Timeout:
        return False
    return True


def saved_sessions() -> list[tuple[str, str]]:
    """Domain and postcode of every saved session."""
    files = sorted(cookies_folder().glob("*/*.json"))
    named = [(DOMAINS.get(path.parent.name), path.stem) for path in files]
    found = {(shop.domain, code) for shop, stem in named if shop and (code := shop.postcode(stem))}
    return sorted(found)


def session_version(domain: str, postcode: str) -> str:
    """A text that tells the content of the session's file; empty if there is no file.

    The same cookies have the same version on every machine.
    """
    path = session_file(domain, postcode)
    try:
        return _version(path)
    except FileNotFoundError:
        return _version(path) if _adopt(path) else ""


def is_version(domain: str, postcode: str, version: str | None) -> bool:
    """Whether the session's file is there and has this version.

    Versions of before 0.2 are known too, by the file's time and place on this machine: they are
    kept with sessions that are no longer good, and in jobs that were queued then. Until 0.3.
    """
    now = session_version(domain, postcode)
    if not now or not version:
        return False
    return version == now or version == _older_version(session_file(domain, postcode))


def _older_version(path: Path) -> str | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return f"{status.st_mtime_ns:x}-{status.st_ino:x}"


@dataclass(frozen=True, slots=True)
class _Known:
    """The version of a file that has not changed for a while."""

    state: tuple[int, int, int]
    """Inode, time of the last change and size."""
    version: str


_known: dict[Path, _Known] = {}


def _version(path: Path) -> str:
    """The digest of a file, which is read again only once it has changed.

    Raises FileNotFoundError.
    """
    try:
        # On NFS the attributes of a file may be old until it is opened.
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            state = (status.st_ino, status.st_mtime_ns, status.st_size)
            known = _known.get(path)
            if known is not None and known.state == state:
                return known.version
            version = _digest(file.read())
    except FileNotFoundError:
        raise
    except OSError:
        return _UNREADABLE
    if time.time() - status.st_mtime > _SETTLED_SECONDS:
        _known[path] = _Known(state, version)
    return version


def _content(path: Path) -> bytes:
    """What a session's file holds. Raises OSError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        if not _adopt(path):
            raise
        return path.read_bytes()


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=_VERSION_BYTES).hexdigest()


def _adopt(path: Path) -> bool:
    """Rename a file whose name is another form of the postcode, such as ``100-0001.json``.

    Older versions gave such names, and so do people. Returns whether there was one.
    """
    shop = DOMAINS.get(path.parent.name)
    for other in path.parent.glob("*[- ]*.json"):
        if shop is not None and shop.postcode(other.stem) == path.stem:
            other.rename(path)
            return True
    return False


@contextmanager
def _lock_now(domain: str, postcode: str) -> Iterator[None]:
    """Hold the session's lock. Raises Timeout if a job holds it, or if nobody can tell."""
    path = session_file(domain, postcode).with_suffix(".lock")
    if not queue_url():
        with FileLock(path, timeout=0):
            yield
        return
    from category_crawler.cluster.engine import EngineAway
    from category_crawler.cluster.lock import session_lock

    shared = session_lock(domain, postcode)
    try:
        is_held = shared.hold()
    except EngineAway:
        is_held = False
    if not is_held:
        raise Timeout(str(path))
    try:
        yield
    finally:
        shared.drop()


async def lock_session(domain: str, postcode: str) -> "AsyncFileLock | EngineLock":
    """Wait for the session's lock and take it; the end of the process releases it too."""
    if queue_url():
        # A lock of a file may not work between machines.
        from category_crawler.cluster.lock import session_lock

        shared = session_lock(domain, postcode)
        await shared.acquire()
        return shared
    path = session_file(domain, postcode).with_suffix(".lock")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = AsyncFileLock(path, poll_interval=_LOCK_POLL_SECONDS)
    await lock.acquire()
    return lock


def import_session(domain: str, postcode: str, source: Path) -> Path:
    """Import a cookie file and return the path of the new session file.

    Raises InvalidJob for an unknown domain or postcode, SessionUnreadable for a bad file.
    """
    shop, code = place(domain, postcode)
    try:
        text = source.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise SessionUnreadable(f"{source} cannot be read: {reason}") from None
    session = DeliverySession.read(text, shop.domain, code)
    session.about.setdefault("created_at", utc_now())
    session.about["imported"] = True
    return session.save()


def place(domain: str, postcode: str) -> tuple[Marketplace, str]:
    """The marketplace, and the postcode in its one form. Raises InvalidJob."""
    shop = DOMAINS.get(domain)
    if shop is None or not shop.active:
        known = ", ".join(name for name, known in DOMAINS.items() if known.active)
        raise InvalidJob(f"domain {domain!r} takes no postcode: it must be one of {known}")
    code = shop.postcode(postcode)
    if code is None:
        raise InvalidJob(
            f"postcode {postcode!r} is not one of {domain}: it must match {shop.postcode_regex}"
        )
    return shop, code
