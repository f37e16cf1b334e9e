"""What clients send and get, as models: they check the one and document both."""

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    JsonValue,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from api.rest.recurring_schemas import Schedule
from api.runners.asked import Asked
from api.runners.recurrence import Recurrence
from api.runners.request import CollectionName
from api.store.stage import ScheduleStatus, Stage
from category_crawler.domain_config import DOMAINS, Marketplace
from category_crawler.items import Product

ZipcodeStatus = Literal["pending", "in-progress", "active", "failed", "inactive"]
LARGEST_ID = 2**63 - 1
"""Of SQLite's integers."""
Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]


_ABOUT = ("default", "description", "title")


def _is_defaulted(field: FieldInfo) -> bool:
    """Whether a field has a default other than None."""
    return not field.is_required() and field.get_default() is not None


class Body(BaseModel):
    """A request body: types are strict, null in an optional field means absent."""

    model_config = ConfigDict(strict=True, extra="ignore", use_attribute_docstrings=True)
    secrets: ClassVar[frozenset[str]] = frozenset()
    """Fields whose values no answer repeats."""

    @model_validator(mode="before")
    @classmethod
    def _leave_out_nulls(cls, given: Any) -> Any:
        defaulted = {name for name, field in cls.model_fields.items() if _is_defaulted(field)}
        return {
            name: value
            for name, value in given.items()
            if value is not None or name not in defaulted
        }

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The schema of the fields; those with a default may be null, too."""
        schema = handler(core_schema)
        fields = handler.resolve_ref_schema(schema).get("properties", {})
        for name, field in cls.model_fields.items():
            if _is_defaulted(field) and name in fields:
                told = {key: fields[name].pop(key) for key in _ABOUT if key in fields[name]}
                fields[name] = {"anyOf": [fields[name], {"type": "null"}], **told}
        return schema


class NoBody(Body):
    """A call that takes no field."""


class Login(Body):
    """An e-mail address and its password."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "you@example.org", "password": "…"}]}
    )
    secrets = frozenset({"password"})

    email: Annotated[str, Field(min_length=1, max_length=320)]
    """In capitals or not."""
    password: Annotated[str, Field(min_length=1, max_length=1024)]
    """Set by the user on the pages, or by the operator."""


class LoggedInUser(BaseModel):
    """Who has logged in."""

    id: int
    name: str
    email: str


class LoggedIn(BaseModel):
    """A session."""

    token: str = Field(description="For Authorization: Token TOKEN; shown this once")
    user: LoggedInUser


class LoggedOut(BaseModel):
    """A session that has ended."""

    logged_out: bool


class Credits(BaseModel):
    """Credits of a user; one is one product kept."""

    available_credits: int | None = Field(description="Granted so far; null is without limit")
    used_credits: int = Field(description="Paid for products of runs that have ended")
    frozen_credits: int = Field(description="Reserved by runs that are going on")
    spendable: int | None = Field(
        description="available − (used + frozen), never below 0; null is without limit"
    )


class NewKey(BaseModel):
    """A key that has taken the place of the old one."""

    api_key: str = Field(description="Shown this once; the old one has stopped")


class CollectionId(Body):
    """Which collection is meant."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"collection_id": 1}]})

    collection_id: Id
    """The ``id`` that add_schedule gave."""


class RenameCollection(CollectionId):
    """Which collection is meant, and its new name."""

    model_config = ConfigDict(
        # Unlike the calls of the hosted service, it has no clients that send other fields.
        extra="forbid",
        json_schema_extra={"examples": [{"collection_id": 1, "name": "Lamps"}]},
    )

    name: CollectionName


class GetResult(CollectionId):
    """Which collection is meant, and which of its products."""

    include_asins: bool = True
    """False leaves `asins` empty: an answer of constant size."""
    limit: Annotated[int, Field(ge=0, le=1000)] | None = None
    """Most products in `asins`; all of them without it."""
    skip: Annotated[int, Field(ge=0, le=2**31)] = 0
    """Products to leave out at the beginning."""


class UpdateSchedule(CollectionId):
    """When a collection is to be crawled again."""

    model_config = ConfigDict(
        # Unlike the calls of the hosted service, it has no clients that send other fields.
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "collection_id": 1,
                    "schedule": {"every": "daily", "at": "06:00", "timezone": "Australia/Sydney"},
                }
            ]
        },
    )

    schedule: Recurrence | None
    """Null removes it."""


class ListCollections(Body):
    """Which of one's collections to list."""

    status: Annotated[ScheduleStatus, Field(strict=False)] | None = None
    limit: Annotated[int, Field(ge=0, le=500)] = 50
    skip: Annotated[int, Field(ge=0, le=2**31)] = 0


class Added(BaseModel):
    """A collection and its new runner."""

    id: int
    runner_id: int
    warnings: list[str] | None = Field(
        None, description="Only there when there is something to say"
    )


class DownloadLinks(BaseModel):
    """Where the rows are."""

    pages: list[str] = Field(
        description="Of the rows as JSON; ending in .csv or .jsonl it gives the other forms"
    )
    all_pages: str = Field(description="Always empty; the rows are at ``pages``")


class Run(BaseModel):
    """A runner as it stands. Times are UTC, ISO 8601 with Z."""

    id: int = Field(description="Of the runner")
    collection: int
    name: str
    request_type: str
    asked: Asked = Field(description="What it was asked for, the filters of category_url too")
    stage: Stage
    schedule_status: ScheduleStatus
    is_download_generated: bool = Field(
        description="True once it is done and its whole file can be had; false again when the "
        "operator has removed it"
    )
    asin_count: int = Field(description="Products kept so far")
    download_links: DownloadLinks
    progress: dict[str, Any] = Field(
        description="`current_page`, `total_pages` (an estimate, null before the first page), "
        "`pages_finished`, `products_found`, `warnings`; `queue_position` while it waits for a "
        "slot, 1 for the next to run; `seconds_left`, an estimate; and `pause` with its `reason` "
        "while the crawl waits"
    )
    waiting_reason: str | None = Field(
        description="Why a queued run has no place in the queue yet: `running_limit` or "
        "`products_a_day`, a limit of yours, or `turn`, as earlier runs of yours wait there. Else "
        "null"
    )
    waiting_message: str | None = Field(description="The same in a sentence")
    coverage: dict[str, Any] | None = Field(
        description="How complete the list is: `reported_total`, `reported_is_rounded`, `found`, "
        "`slices`, `slices_capped`, `requests`; `complete` is true, false, or null where it is "
        "not known, and `why` says why; `audit` measures the share found"
    )
    failed_reason: str | None = Field(description="Such as `cancelled` or `blocked`")
    failed_message: str | None = Field(description="The reason in a sentence")
    warnings: list[str] = Field(
        description="What was asked and not applied, or not known, and what the crawl met, such as "
        "prices in another currency"
    )
    created_at: str
    started_at: str | None
    finished_at: str | None
    files_removed_at: str | None = Field(
        description="When the operator removed its files; null while they are there, and where "
        "no removal is recorded"
    )
    files_removed_by: str | None = Field(
        description="By which rule, such as `prune --older-than 30d`"
    )
    schedule: Schedule | None = Field(description="When further runs of the collection are due")


class ExportedFile(BaseModel):
    """The copy of a run's file in the folder or the object store that the operator has set."""

    form: Literal["json", "parquet"]
    url: str | None = Field(description="Where the copy is; null until it is there")
    bytes: int | None
    exported_at: str | None
    why_not: str | None = Field(description="Why it is not there yet, as a sentence")


class Result(Run):
    """A runner with its products, which are there once it is done."""

    exports: list[ExportedFile] = Field(
        description="Copies of its files elsewhere, made and still to be made; empty while it goes "
        "on, and where results are not exported"
    )
    asins: list[dict[str, Any]] = Field(
        description="Products; what the page does not show is null: "
        + ", ".join(f"`{name}`" for name in Product.__dataclass_fields__)
    )


class Renamed(BaseModel):
    """A collection with its new name."""

    id: int = Field(description="Of the collection")
    name: str


class CollectionDeleted(BaseModel):
    """A collection that was deleted."""

    id: int
    deleted: Literal[True]


class Revoked(BaseModel):
    """Whether a job was found and is being stopped."""

    id: int
    revoked: bool


class Collections(BaseModel):
    """Collections, newest first."""

    total: int
    items: list[Run]


class Domain(BaseModel):
    """A marketplace."""

    id: int
    domain: str
    country_code: str
    currency: str
    supplier_type: Literal["scraping"]
    postcode_regex: str
    filters: list[str]
    status: Literal["active", "inactive"]


def pattern_of(shop: Marketplace) -> str:
    """Which postcodes a marketplace takes, as a pattern of JSON Schema.

    It has no ``\\d``, which in such a pattern may be a digit of any script.
    """
    return re.sub(
        r"\[[^\]]*\]|\\d",
        lambda part: part[0].replace(r"\d", "0-9") if part[0] != r"\d" else "[0-9]",
        shop.postcode_regex,
    )


_KNOWN_DOMAIN: dict[str, JsonValue] = {"enum": [shop.id for shop in DOMAINS.values()]}
_POSTCODES: list[JsonValue] = [
    {
        "properties": {
            "domain": {"const": shop.id},
            "zipcode": {"pattern": pattern_of(shop)},
        }
    }
    for shop in DOMAINS.values()
    if shop.active
]
"""Which postcodes each domain takes, for the specification."""


class CreateZipcode(Body):
    """A delivery session to have."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"domain": 1, "zipcode": "4500"}],
            "oneOf": _POSTCODES,
        }
    )

    domain: Annotated[Id, Field(json_schema_extra=_KNOWN_DOMAIN)]
    """Its id in ``/settings/domains/``."""
    zipcode: Annotated[str, Field(min_length=1, max_length=20)]
    """Must match the domain's postcode regex whole."""
    suburb: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    """Where the shop asks for one; the first that it offers where none is given."""


class GetZipcodes(Body):
    """Which of one's delivery sessions to list."""

    status: ZipcodeStatus | None = None
    domain: Annotated[Id, Field(json_schema_extra=_KNOWN_DOMAIN)] | None = None
    """Its id in ``/settings/domains/``."""


class ZipcodeId(Body):
    """Which of one's delivery sessions is meant."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": 1}]})

    id: Id
    """The ``id`` that create-zipcode gave."""


class ZipcodeDomain(BaseModel):
    """The marketplace of a delivery session."""

    id: int
    domain: str
    supplier_type: Literal["scraping"]


class Zipcode(BaseModel):
    """A delivery session. Times are UTC, ISO 8601 with Z."""

    id: int
    zipcode: str
    suburb: str | None
    suburbs: list[str] = Field(
        description="Those that the shop offers for the postcode; empty where it asks for none"
    )
    domain: ZipcodeDomain
    status: ZipcodeStatus
    failed_message: str | None
    created_at: str
    updated_at: str


class Deleted(BaseModel):
    """A delivery session that was given up."""

    id: int
    deleted: bool


class NodeHealth(BaseModel):
    """A node of the cluster that was heard of within a day."""

    name: str
    is_alive: bool
    is_drained: bool = Field(description="Whether it was told to take no more jobs")
    silent_seconds: float = Field(description="Since it was heard of")
    version: str
    slots: int
    running: int = Field(description="Jobs that it runs")
    exit: str = Field(description="Nodes with the same exit share one pace")
    clock_ahead: float = Field(description="Seconds by which its clock is ahead of the engine's")
    trouble: str = Field(description="What the operator should look at; empty if nothing")


class ClusterHealth(BaseModel):
    """The cluster."""

    nodes: list[NodeHealth]
    waiting_jobs: int
    oldest_waiting_since: str | None


class Health(BaseModel):
    """Whether the parts of the service are well."""

    database: str
    scrapyd: str
    slots: str = Field(description="Whether each of Scrapyd's slots can run a job")
    queue: str = Field(description="Whether the job that has waited longest still may")
    watcher: str
    notices: str
    disk: str
    nodes: str | None = Field(
        default=None, description="Only in a cluster: whether each node is heard of, and alike"
    )
    cluster: ClusterHealth | None = Field(default=None, description="Only in a cluster")
