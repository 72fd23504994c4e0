"""The bodies of commands on webhook endpoints. What they may be is said here; what the state allows, in endpoint.py."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from services.webhooks.events import WebhookOrder, WebhookPayload, WebhookSecretKind
from shared.http.bodies import moment
from shared.http.reading import MAX_POSITION

MOST_OVERLAP = timedelta(days=7)
MOST_LIVE = 10
"""Secrets of one endpoint that are good at a time."""
USUAL_OVERLAP = timedelta(days=1)
"""How long a replaced secret still signs, and how long it can at most."""
MOST_NAMES = 200
MOST_HEADERS = 20
MOST_RATE = 1_000.0

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S")]
Url = Annotated[
    str,
    StringConstraints(min_length=9, max_length=2_000, pattern=r"^https?://[!-~]+$"),
    Field(description="Of the receiver. It stays in the log: what is secret goes into a header."),
]
Reason = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500, pattern=r"\S"),
    Field(description="Kept in the log for ever: not for personal data."),
]
EventType = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[A-Za-z][A-Za-z0-9]*$")]
FieldName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[A-Za-z_][A-Za-z0-9_.\-]*$")]
HeaderName = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9\-]+$")]
HeaderValue = Annotated[str, StringConstraints(min_length=1, max_length=2_000, pattern=r"^[!-~]([ -~]*[!-~])?$")]
PersonalField = Literal["name", "phone", "mail"]
Position = Annotated[int, Field(ge=0, le=MAX_POSITION)]


def _one_answer(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    """What fits none of the ways to say it is one fault of the field, and not one for each way."""
    try:
        return read(value)
    except ValidationError:
        message = "say `now`, `beginning`, a position, or an instant such as 2026-01-31T08:00:00+08:00"
        raise PydanticCustomError("no_place", message) from None


Where = Annotated[
    Literal["now", "beginning"]
    | Annotated[int, Field(strict=True, ge=0, le=MAX_POSITION)]
    | Annotated[AwareDatetime, BeforeValidator(moment)],
    WrapValidator(_one_answer),
]
"""A place in the log: its end or beginning, after a position, or after the last event recorded by an instant."""


def like(**example: Any) -> ConfigDict:
    """Model configuration with one example of the body, shown in the OpenAPI document."""
    return ConfigDict(json_schema_extra={"examples": [example]})


class Command(BaseModel):
    """A request to record something; the HTTP body is this, field by field."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Wishes(Command):
    """What an endpoint is sent, and how."""

    unit_id: UUID | None = Field(
        default=None, description="It is told of the records of this unit and those below; null: of the whole company."
    )
    types: Annotated[tuple[EventType, ...], Field(min_length=1, max_length=MOST_NAMES)] | None = Field(
        default=None, description="Only events of these types; null: all."
    )
    changed: Annotated[tuple[FieldName, ...], Field(min_length=1, max_length=MOST_NAMES)] | None = Field(
        default=None, description="Only events that set one of these standing fields; null: all."
    )
    imported: bool = Field(default=False, description="History that was taken in from files, too.")
    payload: WebhookPayload = Field(
        default=WebhookPayload.FULL,
        description="`full`; `selected`: the envelope and `fields`; `thin`: the envelope alone.",
    )
    fields: Annotated[tuple[FieldName, ...], Field(max_length=MOST_NAMES)] = Field(
        default=(), description="Of `selected`: fields of `data`, of its `changes` and `standing` too; dots lead down."
    )
    personal: Annotated[tuple[PersonalField, ...], Field(max_length=3)] = Field(
        default=(), description="Fields of persons that the agreement with the receiver lists; usually none."
    )
    schema_versions: Annotated[dict[EventType, Annotated[int, Field(ge=1, le=99)]], Field(max_length=MOST_NAMES)] = (
        Field(default_factory=dict, description="Types whose data it takes in an older form: {type: schema version}.")
    )
    rate: Annotated[float, Field(ge=0.01, le=MOST_RATE)] | None = Field(
        default=None, description="Most events a second; null: as fast as it answers."
    )
    ordered: WebhookOrder = Field(
        default=WebhookOrder.SUBJECT,
        description="`subject`: in order for each account or opportunity; `endpoint`: one after the other.",
    )
    headers: Annotated[dict[HeaderName, HeaderValue], Field(max_length=MOST_HEADERS)] = Field(
        default_factory=dict, description="Headers of its own; the values are sealed and shown to nobody."
    )
    notices: bool = Field(default=False, description="It is told what befalls other endpoints, too.")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.fields and self.payload is not WebhookPayload.SELECTED and "payload" in self.model_fields_set:
            raise PydanticCustomError("fields_of_selected", "fields are named for the payload `selected`")
        return self


class RegisterEndpoint(Wishes):
    """Send events to another system. Nothing is delivered until its address is proven."""

    model_config = like(name="ERP", url="https://erp.example.com/hooks/sales", types=["DealWon", "DealLost"])

    name: Name = Field(description="Of the system. Not of a person: it stays in the log.")
    url: Url
    start: Where = Field(
        default="now",
        description="Events after here: `now`, `beginning`, a position, or an instant.",
        examples=["now", 1200, "2026-01-31T00:00:00Z"],
    )
    secret: WebhookSecretKind = Field(
        default=WebhookSecretKind.V1,
        description="`v1`: HMAC with a secret you are shown once; `v1a`: Ed25519, verified by our public key alone.",
    )

    @model_validator(mode="after")
    def _selects_something(self) -> Self:
        if self.payload is WebhookPayload.SELECTED and not self.fields:
            raise PydanticCustomError("fields_of_selected", "the payload `selected` names its fields")
        return self


class ChangeEndpoint(Wishes):
    """Change what an endpoint is sent, where or how: only the fields named. Another `url` must be proven anew."""

    model_config = like(types=["DealWon", "DealLost", "UnitsDelivered"], rate=50)

    name: Name | None = None
    url: Url | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("nothing_named", "name at least one field to change")
        for name in ("name", "url"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise PydanticCustomError("kept", f"an endpoint keeps a {name}")
        return self


class ProveEndpoint(Command):
    """Ask the address to show that it wants events."""

    model_config = like(how="ping")

    how: Literal["ping", "handshake"] = Field(
        default="ping",
        description="`ping`: give back the challenge of a signed ping; `handshake`: CloudEvents' OPTIONS.",
    )


class PauseEndpoint(Command):
    """Deliver nothing until it is resumed. Nothing is lost."""

    model_config = like(reason="ERP moves house")

    reason: Reason | None = None


class ResumeEndpoint(Command):
    """Deliver again: what waited, or only what comes after another place."""

    model_config = like(skip_to="now")

    skip_to: Where | None = Field(default=None, description="Null: from where it stood.")
    reason: Reason | None = None


class SkipEndpoint(Command):
    """Go on after another place of the log, back or ahead."""

    model_config = like(to="2026-01-31T00:00:00Z", reason="taken in by file up to here")

    to: Where
    reason: Reason | None = None


class RemoveEndpoint(Command):
    """Deliver nothing any more, and destroy its secrets."""

    model_config = like(reason="replaced by the feed")

    reason: Reason | None = None


class AddSecret(Command):
    """Sign with another secret, beside those that are good."""

    model_config = like(kind="v1", overlap_seconds=86_400)

    kind: WebhookSecretKind = WebhookSecretKind.V1
    overlap_seconds: Annotated[int, Field(ge=0, le=int(MOST_OVERLAP.total_seconds()))] | None = Field(
        default=None, description="Retire all others after so long; null: they stay until you retire them."
    )


class RetireSecret(Command):
    """Let a secret sign for a while yet, and no longer."""

    model_config = like(number=1, overlap_seconds=3_600)

    number: Annotated[int, Field(ge=1, le=10_000)]
    overlap_seconds: Annotated[int, Field(ge=0, le=int(MOST_OVERLAP.total_seconds()))] = int(
        USUAL_OVERLAP.total_seconds()
    )
