"""Facts of inventories: storage format and public language, for ever. See the service's `events.py`.

A sheet (盘点表) is fixed at a log position: its lines are what the views hold there, so no line is stored. What becomes
of a prospect is said to the opportunities service; the sheet records what its owner decided and finds it done.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from uuid import UUID

import msgspec

from shared.event_store.stream import Fact, FirstFact

# -- values ------------------------------------------------------------------------------------------------


class InventoryStatus(StrEnum):
    OPEN = "open"
    SIGNED = "signed"


class InventoryPart(StrEnum):
    """Of which half of the sheet a line is: prospects 潜客, or owners 保有 (accounts that took delivery)."""

    PROSPECTS = "prospects"
    OWNERS = "owners"


class LineDecided(StrEnum):
    """What the owner of a line says of it."""

    CONFIRM = "confirm"  # it is as the sheet says
    REJUDGE = "rejudge"  # its level is another: judged in the opportunities service
    FREEZE = "freeze"  # a freeze, or a loss of contact, is told there
    GIVE_UP = "give_up"  # a defeat is asked for there; of an owner: they will not buy again


class InventoryDecision(msgspec.Struct, frozen=True):
    """What was said of one line; of a line the latest counts. `sheet`: which fixing it was said of, counted from 1."""

    part: InventoryPart
    id: UUID  # the opportunity, or the account
    decided: LineDecided
    by: UUID
    on: date
    sheet: int = 1
    note: str | None = None  # business words, names no person


# -- facts -------------------------------------------------------------------------------------------------


class InventoryOpened(FirstFact):
    """The customer base of a unit and all below it is taken stock of, as it stood at the end of a day.

    sets: status = open, unit_id, month, stock_on, position, opening_position, no_contact_days, sheet = 1, opened_by
    """

    unit_id: UUID
    month: date  # its first day; new, won … are those of this month up to `stock_on`
    stock_on: date
    position: int  # the last of the log that counts
    opening_position: int | None  # at which the month before was closed; null: it was not
    no_contact_days: int  # a finding where nobody was reached for longer
    opened_by: UUID


class InventoryFixedAgain(Fact):
    """The sheet is taken anew; decisions told before do not count any more.

    sets: stock_on, position, opening_position, sheet, fixed_reason
    """

    stock_on: date
    position: int
    opening_position: int | None
    sheet: int
    fixed_reason: str


class InventoryLinesDecided(Fact):
    """Owners said of lines what they are. sets: decisions (additive: these)"""

    decisions: tuple[InventoryDecision, ...]


class InventorySigned(Fact):
    """The head signed the sheet, with how many lines nobody had decided.

    sets: status = signed, signed_by, signed_on, lines, unconfirmed
    """

    signed_by: UUID
    signed_on: date
    lines: int
    unconfirmed: int


InventoryFact = InventoryOpened | InventoryFixedAgain | InventoryLinesDecided | InventorySigned
