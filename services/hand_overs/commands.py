"""What can be asked of a hand-over: the HTTP bodies, field by field. No rule that needs a record's state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from services.accounts.commands import Command, DatedCommand, Reason, like
from services.accounts.events import LeavingReason

KIND = "hand_over"
"""The kind of operation."""
UNDO = "hand_over_undo"
"""The kind of operation that takes a hand-over back."""

MOST_EXCEPTIONS = 1_000

LEAVER = "5a0d7f0e-52c1-5a2d-8d5c-0b5b3a1f2c11"
SUCCESSOR = "8d0b7a55-9c1e-5a77-b0f4-2d6f5c3e9a10"
ANOTHER = "3f1c3a52-6b0e-5c4e-9f57-0d8a2f1c7b11"


class AccountTo(Command):
    """An account, with all of the leaver's opportunities and planned visits at it, has a successor of its own."""

    account_id: UUID
    to: UUID


class OpportunityTo(Command):
    """An opportunity has a successor of its own."""

    opportunity_id: UUID
    to: UUID


class HandOver(DatedCommand):
    """Hand over what a person is responsible for. `to` gets what has no successor of its own; without it all that
    stays."""

    model_config = like(
        from_person_id=LEAVER,
        to=SUCCESSOR,
        accounts=[{"account_id": "1b4e28ba-2fa1-51d2-883f-0016d3cca427", "to": ANOTHER}],
        leave=True,
        leaving_reason="resigned",
        reason="离职交接",
    )

    from_person_id: UUID = Field(description="Whose work is handed over; may have left already.")
    to: UUID | None = Field(default=None, description="The successor for all that has none of its own.")
    accounts: Annotated[tuple[AccountTo, ...], Field(max_length=MOST_EXCEPTIONS)] = ()
    opportunities: Annotated[tuple[OpportunityTo, ...], Field(max_length=MOST_EXCEPTIONS)] = ()
    keep_unit: bool = Field(default=False, description="Records stay in their unit; else they go to the successor's.")
    leave: bool = Field(default=False, description="Also record that the person leaves, once all is handed over.")
    leaving_reason: LeavingReason | None = None
    reason: Reason | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.to is None and not self.accounts and not self.opportunities:
            raise ValueError("name a successor")
        if self.leave and self.to is None:
            raise ValueError("who leaves hands everything over: name the successor of the rest as `to`")
        for named in ([one.account_id for one in self.accounts], [one.opportunity_id for one in self.opportunities]):
            if len(set(named)) < len(named):
                raise ValueError("a record has one successor")
        return self

    def successors(self) -> Iterator[tuple[UUID, str]]:
        """Every successor named, with the JSON pointer to it."""
        if self.to is not None:
            yield self.to, "/to"
        for index, account in enumerate(self.accounts):
            yield account.to, f"/accounts/{index}/to"
        for index, opportunity in enumerate(self.opportunities):
            yield opportunity.to, f"/opportunities/{index}/to"


class UndoHandOver(Command):
    """Take a hand-over back: what still stands as it left it goes back."""

    model_config = like(reason="交接对象选错", leaving=True)

    reason: Reason | None = None
    leaving: bool = Field(default=True, description="If the person left by it: they are back. Needs the right to it.")
