"""What clients send and get about how long the files of runs are kept, as models."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.rest.schemas import CollectionId

MOST = 36_500
Kept = Annotated[int, Field(ge=1, le=MOST)]


class Retention(BaseModel):
    """A rule: the files of a run go once one of the two says so. At least one is named."""

    model_config = ConfigDict(extra="forbid")

    days: Kept | None = None
    """Days since the run ended."""
    runs: Kept | None = None
    """Runs that are kept: the newest that have ended."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.days is None and self.runs is None:
            raise ValueError("name days, runs or both; null in place of the rule removes it")
        return self


class SetRetention(CollectionId):
    """How long the files of a collection's runs are kept."""

    model_config = ConfigDict(
        # Unlike the calls of the hosted service, it has no clients that send other fields.
        extra="forbid",
        json_schema_extra={
            "examples": [{"collection_id": 1, "retention": {"days": 90, "runs": 30}}]
        },
    )

    retention: Retention | None
    """Null removes the collection's own rule; then that of the service counts, if it has one."""
    dry_run: bool = False
    """Only say what the rule would remove now, do not save it."""


class Retained(BaseModel):
    """How long the files of a collection's runs are kept."""

    id: int = Field(description="Of the collection")
    retention: Retention | None = Field(description="The collection's own rule")
    of_all: Retention | None = Field(
        description="The rule of the service, which counts for a collection without one"
    )
    expired: list[int] = Field(
        description="Numbers of the runners whose files the rule removes within minutes"
    )


class RetentionSet(Retained):
    """The same, and whether it was saved."""

    saved: bool
