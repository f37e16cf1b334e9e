"""Records of the database; they are immutable.

:func:`dataclasses.replace` makes one that differs from another. Times are UTC, ISO 8601 with Z.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypedDict

from api.store.stage import Stage
from api.store.word import Word
from category_crawler.errors import Cancelled, CrawlError
from category_crawler.run.records import Progress, Traffic
from category_crawler.times import utc_now


class CredentialKind(Word):
    """The kind of a credential."""

    KEY = "key"
    TOKEN = "token"  # noqa: S105 - a word, not a token


class Role(Word):
    """What a user may do."""

    OPERATOR = "operator"
    """Runs the service: sees the runs of all users, and manages users."""
    USER = "user"


@dataclass(frozen=True, slots=True)
class User:
    """Who may use the API."""

    id: int
    email: str
    name: str
    role: Role
    is_active: bool
    mail_on_cancel: bool
    """Whether a mail tells of a run that the user has cancelled."""
    password_hash: str | None = field(repr=False)
    created_at: str


@dataclass(frozen=True, slots=True)
class Credential:
    """A valid key or token, and its user."""

    kind: CredentialKind
    hash: str = field(repr=False)
    user: User


@dataclass(frozen=True, slots=True)
class Credits:
    """Credits of a user; see :mod:`api.store.credits`."""

    available_credits: int | None
    """Granted so far; None is without limit."""
    used_credits: int
    frozen_credits: int
    spendable: int | None
    """None is without limit."""


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """The request of a collection; fields that an older version stored may no longer be valid."""

    fields: Mapping[str, Any]

    @classmethod
    def read(cls, text: str) -> Self:
        """Read the JSON that was stored."""
        return cls(json.loads(text))

    def to_json(self) -> str:
        """The JSON to store."""
        return json.dumps(self.fields)

    @property
    def domain(self) -> str:
        """Such as amazon.com.au."""
        domain: str = self.fields["domain"]
        return domain

    @property
    def postcode(self) -> str:
        """As the client wrote it."""
        postcode: str = self.fields["postcode"]
        return postcode

    @property
    def priority(self) -> str:
        """A value of :data:`api.runners.request.Priority`."""
        priority: str = self.fields.get("priority", "Normal")
        return priority

    @property
    def max_products(self) -> int | None:
        """Products after which the crawl stops; None without limit."""
        limit: int | None = self.fields.get("max_products")
        return limit


@dataclass(frozen=True, slots=True)
class Collection:
    """A user's request to crawl a category; each execution is a runner."""

    id: int
    user: int
    name: str
    request_type: str
    request: StoredRequest
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class Runner:
    """One execution of a collection."""

    id: int
    stage: Stage
    attempt: int
    mark: int
    """Size of the journal in bytes when the attempt was scheduled."""
    stalled: int
    """Attempts in a row without progress."""
    asin_count: int
    coverage: dict[str, Any] | None
    """For clients; None until the runner has ended."""
    failed_reason: str | None
    """The ``reason`` of a :class:`category_crawler.errors.CrawlError`."""
    failed_message: str | None
    is_stopping: bool
    """Whether it was cancelled and its job may still be alive."""
    is_held: bool
    """Whether it is queued without a job, until its user has a place for one more."""
    priority: float
    """Its place in the queue; the highest number runs first."""
    missing_since: str | None
    """Since when Scrapyd has not known the job."""
    reserved: int | None
    """Products set aside for it, as frozen credits; None without limit."""
    is_limited_by_day: bool
    """Whether these are what its user's limit of products a day has left, not the credits."""
    earlier: int | None
    """Number of the runner that it continues."""
    carried: int
    """Rows of that runner, already paid for."""
    warnings: list[str]
    """What to tell of this run alone."""
    node_name: str | None
    """The category's name, as the shop's rail showed it; None until the runner has ended."""
    created_at: str
    started_at: str | None
    finished_at: str | None
    files_removed_at: str | None
    """When the operator's prune began to remove its files: nobody gets its rows since."""
    files_removed_by: str | None
    """The rule, as the operator gave it: ``prune --older-than 30d``."""
    last_progress: Progress | None
    """Its progress when its files were removed; None before, and if it had none."""
    is_recorded: bool
    """Whether what it has seen is in its collection's history."""
    collection: Collection

    @property
    def has_ended(self) -> bool:
        """Whether its stage never changes any more."""
        return self.stage in (Stage.DONE, Stage.FAILED)

    @property
    def is_over(self) -> bool:
        """Whether nothing of it changes any more: it has ended, and its job is gone."""
        return self.has_ended and not self.is_stopping

    @property
    def was_cancelled(self) -> bool:
        """Whether its user or the operator cancelled it: then its collection is not run again."""
        return self.failed_reason == Cancelled.reason


@dataclass(frozen=True, slots=True)
class OpenJob:
    """The present job of a runner that is open, or is being stopped."""

    runner: int
    attempt: int
    is_waiting: bool
    """Whether the job waits, as far as the database knows."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a runner."""

    stage: Stage
    asin_count: int = 0
    coverage: Mapping[str, Any] | None = None
    failed_reason: str | None = None
    failed_message: str | None = None
    is_stopping: bool = False
    """Whether its job may still be alive."""
    node_name: str | None = None
    """The category's name, if a page has shown it."""
    traffic: Traffic = field(default_factory=Traffic)
    """What it has asked of its shop."""
    is_by_user: bool = False
    """Whether the user has cancelled it; a cancel on Scrapyd's console is the operator's."""
    finished_at: str = field(default_factory=utc_now)

    @classmethod
    def failed(
        cls,
        error: CrawlError,
        kept: int,
        *,
        is_stopping: bool = False,
        node_name: str | None = None,
        traffic: Traffic | None = None,
        is_by_user: bool = False,
    ) -> Self:
        """The end of a runner that failed with an error of ours and kept so many rows."""
        return cls(
            Stage.FAILED,
            kept,
            failed_reason=error.reason,
            failed_message=str(error),
            is_stopping=is_stopping,
            node_name=node_name,
            traffic=traffic or Traffic(),
            is_by_user=is_by_user,
        )


class SessionStatus(Word):
    """The status of a delivery session."""

    PENDING = "pending"
    IN_PROGRESS = "in-progress"
    ACTIVE = "active"
    FAILED = "failed"
    INACTIVE = "inactive"

    @property
    def is_open(self) -> bool:
        """Whether a job is making the session."""
        return self in (SessionStatus.PENDING, SessionStatus.IN_PROGRESS)


@dataclass(frozen=True, slots=True)
class DeliverySession:
    """A delivery session; there is one for each domain and postcode."""

    id: int
    domain: str
    postcode: str
    suburb: str | None
    status: SessionStatus
    failed_message: str | None
    bad_version: str | None
    """The version of the cookie file that was found bad."""
    attempt: int
    missing_since: str | None
    """Since when Scrapyd has not known the job."""
    updated_at: str
    suburbs: list[str]
    """Those that the shop offered for the postcode; empty where it asks for none."""


class SessionValues(TypedDict, total=False):
    """Columns that may change with a session's status; the others keep their values."""

    suburb: str | None
    failed_message: str | None
    bad_version: str | None


@dataclass(frozen=True, slots=True)
class Zipcode:
    """A user's right to use a delivery session."""

    id: int
    user: int
    created_at: str
    session: DeliverySession


class NoticeKind(Word):
    """The channel of a notice."""

    MAIL = "mail"
    WEBHOOK = "webhook"


class NoticeStatus(Word):
    """The status of a notice."""

    PENDING = "pending"
    SENT = "sent"
    OFF = "off"
    GIVEN_UP = "given up"


class NoticeAbout(Word):
    """What a notice tells of."""

    END = "end"
    """The end of its run."""
    ALERT = "alert"
    """What the rules of its collection found."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A claimed notice; only the claimant may send it, until the claim expires."""

    id: int
    event: str
    runner: int
    kind: NoticeKind
    target: str
    """An e-mail address or a URL."""
    tries: int
    claim: str
    created_at: str
    about: NoticeAbout
    user: int
    """The runner's user; 0 if the runner is gone."""


@dataclass(frozen=True, slots=True)
class Alert:
    """An ended run that is to be tried against rules; claimed, as a notice is."""

    runner: int
    rules: str
    """Those of its collection when it ended."""
    tries: int
    claim: str
    created_at: str


@dataclass(frozen=True, slots=True)
class TriedAlert:
    """What rules have found for a run."""

    runner: int
    found: str
    tried_at: str


class ExportForm(Word):
    """Which file of a run is copied."""

    JSON = "json"
    PARQUET = "parquet"


class ExportStatus(Word):
    """The status of a copy."""

    PENDING = "pending"
    STORED = "stored"
    EMPTY = "empty"
    """The run has no rows."""
    GONE = "gone"
    """The file was removed before it was copied."""
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Export:
    """A copy to be made; claimed, as a notice is."""

    id: int
    runner: int
    form: ExportForm
    tries: int
    claim: str


@dataclass(frozen=True, slots=True)
class Copy:
    """What has become of the copy of a file."""

    form: ExportForm
    status: ExportStatus
    url: str | None
    bytes: int | None
    stored_at: str | None
    next_try_at: str
    said: str | None
    """Why it has not been made."""
