"""The request model of add_schedule."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    ConfigDict,
    EmailStr,
    Field,
    HttpUrl,
    JsonValue,
    ModelWrapValidatorHandler,
    PrivateAttr,
    field_validator,
    model_validator,
)

from api.runners.recurrence import Recurrence
from api.sentences import one_line
from category_crawler.job import CategoryJob

Priority = Literal["Highest", "High", "Normal", "Low", "Lowest"]
CollectionName = Annotated[str, Field(min_length=1, max_length=255)]
_LONGEST_SHOWN = 100
_LONGEST_URL = 2083
"""Characters, as pydantic has it for what a client sends."""
_EXAMPLE: dict[str, JsonValue] = {
    "category_url": "https://www.amazon.com.au/s?rh=n%3A4851693051",
    "amazon_node_id": "4851693051",
    "domain": "amazon.com.au",
    "postcode": "4500",
    "filter_prime_ships_from_au": True,
    "filter_delivery_day": "within_2_days",
    "price_max_cents": 50000,
}


class AddSchedule(CategoryJob):
    """A category to crawl; prices are hundredths of the marketplace's currency."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    postcode: str
    """Must match the domain's postcode regex whole, and have an active delivery session."""
    name: CollectionName | None = None
    """The default is ``amazon_category_<node>``."""
    notification_email: EmailStr | None = None
    """Gets a mail when the run ends; the default is the user's own."""
    priority: Priority = "Normal"
    """Higher ones leave the queue first."""
    webhook_url: HttpUrl | None = None
    """Called when the run ends; https only."""
    schedule: Recurrence | None = None
    """When to run the category again; the first run starts at once."""
    _unknown: list[str] = PrivateAttr(default_factory=list)

    @property
    def unknown_fields(self) -> list[str]:
        """Names that the client sent and no field has, sorted."""
        return self._unknown

    @property
    def warnings(self) -> list[str]:
        """What the user should know although the crawl works, a sentence each."""
        return super().warnings + [f"{name} is not a known field" for name in self._unknown]

    @model_validator(mode="wrap")
    @classmethod
    def _note_unknown(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        made = handler(given)
        if isinstance(given, dict):
            unknown = sorted(set(given) - set(cls.model_fields))
            made._unknown = [one_line(name)[:_LONGEST_SHOWN] for name in unknown]
        return made

    @field_validator("webhook_url")
    @classmethod
    def _only_https(cls, url: HttpUrl | None) -> HttpUrl | None:
        if url is not None and url.scheme != "https":
            raise ValueError("must begin with https://")
        # Stored encoded: a letter outside of ASCII becomes six to twelve characters.
        if url is not None and len(str(url)) > _LONGEST_URL:
            raise ValueError(
                f"has {len(str(url))} characters once it is encoded, at most {_LONGEST_URL} may be"
            )
        return url
