"""What clients send and get about their own account's settings, as models."""

from pydantic import BaseModel, ConfigDict, Field

from api.rest.schemas import Body


class ChangeSettings(Body):
    """The settings to change; those that are left out stay as they are."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"mail_on_cancel": False}]})

    mail_on_cancel: bool | None = None
    """Whether a mail tells of a run that you have cancelled yourself."""


class UserSettings(BaseModel):
    """The settings of a user, as they are now."""

    mail_on_cancel: bool = Field(
        description="Whether a mail tells of a run that you have cancelled yourself; the webhook "
        "is called in any case"
    )
