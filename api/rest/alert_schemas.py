"""What clients send and get about alerts, as models."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.alerts.rules import Rule, Rules
from api.rest.schemas import Body, Id


class SetAlerts(Body):
    """The rules of a collection."""

    model_config = ConfigDict(
        # Unlike the calls of the hosted service, it has no clients that send other fields.
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "collection_id": 1,
                    "rules": [
                        {"kind": "price_falls", "percent": 10},
                        {"kind": "price_below", "cents": 5000, "search": "desk lamp"},
                        {"kind": "gone"},
                        {"kind": "run_failed"},
                    ],
                }
            ]
        },
    )

    collection_id: Id
    rules: Rules
    """Each of a ``kind``: ``price_falls`` with ``percent``, ``price_below`` with ``cents``;
    ``new``, ``gone``, ``back_in_stock``, ``coverage_not_complete`` or ``run_failed``. They take the
    place of the earlier ones; an empty list leaves none."""
    dry_run: bool = False
    """Only try the rules, do not save them."""


class Trial(BaseModel):
    """What a rule finds in the last runs."""

    rule: Rule
    count: int = Field(description="Products it would have told of; 1 for a run")
    items: list[dict[str, Any]] = Field(
        description="The first of them, as in `changes` but without `kind`; 20 of all rules"
    )
    not_tried: str | None = Field(description="Why it could not be tried; null if it was")


class AlertsSet(BaseModel):
    """The rules as they were tried."""

    id: int = Field(description="Of the collection")
    saved: bool
    from_runner: int | None = Field(description="The earlier of the two runs; null without two")
    to_runner: int | None = Field(description="The later of the two runs")
    why: str | None = Field(description="Why products that were not seen count as gone, or do not")
    rules: list[Trial]


class LastAlert(BaseModel):
    """What the rules found for the newest run that was tried."""

    runner_id: int
    tried_at: str
    from_runner: int | None = Field(description="The run that its list was compared with")
    is_told: bool = Field(description="Whether a mail or a webhook was sent, or is being sent")
    rules: list[Trial] = Field(description="As they were when the run ended")


class Alerts(BaseModel):
    """The rules of a collection."""

    id: int = Field(description="Of the collection")
    rules: list[Rule]
    last: LastAlert | None = Field(description="Null before the first run that was tried")
