"""What a file of opportunities is mapped to: the shape of a mapping, the record of a row. Records no fact itself."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal, Self

import msgspec
from pydantic import Field, field_validator, model_validator

from shared.imports.mapping import Mapping
from shared.imports.problems import RowProblem
from shared.imports.reading import Attribute, Reference
from shared.imports.rules import (
    AttributeRule,
    DayRule,
    MoneyRule,
    Name,
    NumberRule,
    Part,
    PercentRule,
    ReferenceRule,
    Rule,
)

LifeCycle = Literal["captured", "judged", "won", "delivered", "lost", "frozen", "lost_contact"]
"""How far a row has come; every earlier step it implies is recorded too (a lost one was captured first)."""

CLOSED: frozenset[LifeCycle] = frozenset({"won", "delivered", "lost", "frozen", "lost_contact"})
KINDS = frozenset({"confirmed", "presumed", "false"})
"""Kinds of defeat: 战败, 准战败, 假战败."""
UNIT_KINDS = ("region", "branch", "department", "team")
"""Kinds of unit that can be opened."""

FIND_BY: dict[str, frozenset[str]] = {
    "account": frozenset({"external", "credit_code", "name"}),
    "person": frozenset({"external", "name"}),
    "unit": frozenset({"external", "code", "name"}),
    "product": frozenset({"code", "name"}),
}
"""The ways in which each kind of thing can be found."""


def _found_by(kind: str, rule: ReferenceRule) -> None:
    if unknown := rule.find.keys() - FIND_BY[kind]:
        raise ValueError(f"cannot be found by {', '.join(sorted(unknown))}; one of {', '.join(sorted(FIND_BY[kind]))}")


ACCOUNT_ATTRIBUTES = frozenset(
    {
        *("sector", "region", "city", "address", "website", "founded_year", "employees", "revenue"),
        *("revenue_currency", "fleet_units", "channel", "grade", "relationship", "credit_standing", "parent"),
    }
)
"""What a new account may be said to be; `parent` is the name of the account above it."""
PRODUCT_ATTRIBUTES = frozenset({"name_en", "series", "list_price", "currency"})


def _described_by(known: frozenset[str], rule: ReferenceRule) -> None:
    if unknown := rule.attributes.keys() - known:
        allowed = f"one of {', '.join(sorted(known))}" if known else "none is kept"
        raise ValueError(f"no such attribute: {', '.join(sorted(unknown))}; {allowed}")


class AccountRule(ReferenceRule):
    """The customer. A blank one is allowed."""

    @model_validator(mode="after")
    def _ways(self) -> Self:
        _found_by("account", self)
        _described_by(ACCOUNT_ATTRIBUTES, self)
        return self


class UnitRule(ReferenceRule):
    """A unit of the organisation; a new one is opened below `parent`, or below the root."""

    kind: Name | None = None
    parent: "UnitRule | None" = None

    @model_validator(mode="after")
    def _ways(self) -> Self:
        _found_by("unit", self)
        _described_by(frozenset(), self)
        if self.kind is not None and self.kind not in UNIT_KINDS:
            raise ValueError(f"no such kind: {self.kind}; one of {', '.join(UNIT_KINDS)}")
        return self


class PersonRule(ReferenceRule):
    """One of our people; a new one is posted to `unit` and reports to `reports_to`."""

    unit: UnitRule | None = None
    reports_to: "PersonRule | None" = None

    @model_validator(mode="after")
    def _ways(self) -> Self:
        _found_by("person", self)
        _described_by(frozenset(), self)
        return self


class ProductRule(ReferenceRule):
    """A product of the catalogue."""

    @model_validator(mode="after")
    def _ways(self) -> Self:
        _found_by("product", self)
        _described_by(PRODUCT_ATTRIBUTES, self)
        return self


class LineRule(Part):
    """One line of the opportunity. A row whose product is blank has no such line."""

    product: ProductRule
    units: NumberRule = NumberRule(constant="1")
    unit_price: MoneyRule | None = None


class ContactRule(Part):
    """The person met at the customer: personal data, kept in the vault alone."""

    name: Rule
    phone: Rule | None = None
    mail: Rule | None = None


class StageEntry(Part):
    """What one stage of the file means."""

    reaches: LifeCycle
    stage: Name | None = None
    """Our word for the stage; the file's own if left out."""
    level: Name | None = None
    """The level declared by it, a code of the level policy."""
    captured_on: DayRule | None = None
    judged_on: DayRule | None = None
    closed_on: DayRule | None = None
    """The day of the win, the defeat, the freeze or the loss of contact."""
    delivered_on: DayRule | None = None
    reason: Name | None = None
    """A reason code for every row of this stage, where the file has no column of reasons."""


class StageRule(Part):
    """Stage → life cycle. A stage that `values` does not list is a problem of its row."""

    column: Name
    values: Annotated[dict[str, StageEntry], Field(min_length=1, max_length=200)]


class OpportunityMapping(Mapping):
    """The whole mapping of a file of opportunities; `docs/imports.md` explains every key."""

    title: Rule | None = None
    account: AccountRule | None = None
    contact: ContactRule | None = None
    owner: PersonRule | None = None
    unit: UnitRule | None = None
    lines: Annotated[tuple[LineRule, ...], Field(max_length=50)] = ()
    amount: MoneyRule | None = None
    currency: Rule = Rule(constant="CNY")
    channel: Rule | None = None
    captured_on: DayRule | None = None
    expected_on: DayRule | None = None
    recall_on: DayRule | None = None
    stage: StageRule
    level: Rule | None = None
    probability: PercentRule | None = None
    reason: Rule | None = None
    defeat_kind: Rule = Rule(constant="confirmed")
    competitor: Rule | None = None
    remark: Rule | None = None
    attributes: Annotated[dict[Name, AttributeRule], Field(default_factory=dict, max_length=100)]

    @field_validator("reason")
    @classmethod
    def _coded(cls, value: Rule | None) -> Rule | None:
        if value is not None and value.values is None and value.constant is None:
            raise ValueError("`values` must map the reasons of the file to codes of the catalogue")
        return value

    @field_validator("defeat_kind")
    @classmethod
    def _kinds(cls, value: Rule) -> Rule:
        said = {value.constant, value.when_blank, *(value.values or {}).values()} - {None}
        if unknown := sorted(str(kind) for kind in said - KINDS):
            raise ValueError(f"no kind of defeat: {', '.join(unknown)}; one of {', '.join(sorted(KINDS))}")
        if value.constant is None and (value.values is None or value.unmapped == "keep"):
            raise ValueError("`values` must map the file's words to confirmed, presumed or false")
        return value

    @model_validator(mode="after")
    def _closed_stages(self) -> Self:
        for name, entry in self.stage.values.items():
            if entry.reaches in CLOSED and entry.closed_on is None:
                raise ValueError(f"stage.values.{name}: `closed_on` must say when it was {entry.reaches}")
            if entry.reaches == "judged" and entry.level is None and self.level is None:
                raise ValueError(f"stage.values.{name}: a judgement needs a `level`, here or for the whole file")
            if entry.reaches == "lost" and entry.reason is None and self.reason is None:
                raise ValueError(f"stage.values.{name}: a defeat needs a `reason`, here or for the whole file")
            if entry.reaches == "delivered" and entry.delivered_on is None:
                raise ValueError(f"stage.values.{name}: `delivered_on` must say when")
        return self


class MappedPerson(msgspec.Struct, frozen=True, kw_only=True):
    """One of our people, and where they stand if they are new."""

    person: Reference
    unit: "MappedUnit | None" = None
    reports_to: "MappedPerson | None" = None


class MappedUnit(msgspec.Struct, frozen=True, kw_only=True):
    """A unit, and what it lies under if it is new (None: the root)."""

    unit: Reference
    kind: str | None = None
    parent: "MappedUnit | None" = None


class MappedLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line: `unit_price` in the row's currency, None where not known."""

    product: Reference
    units: int
    unit_price: Decimal | None


class MappedContact(msgspec.Struct, frozen=True, kw_only=True):
    """Personal data: for the vault, never for a fact or a log."""

    name: str
    phone: str | None = None
    mail: str | None = None


class MappedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row as a record. Days are calendar days in the mapping's zone; `*_at` the instant where the file gave one.

    `captured_on` None: captured at the instant of the import. `probability` is 0–1; `*_given` are the file's texts.
    """

    line: int
    external_system: str
    external_ref: str
    title: str | None
    account: Reference | None
    contact: MappedContact | None
    owner: MappedPerson | None
    unit: MappedUnit | None
    lines: tuple[MappedLine, ...]
    amount: Decimal | None
    currency: str
    channel: str | None
    channel_given: str | None
    life_cycle: LifeCycle
    captured_on: date | None
    captured_at: datetime | None
    judged_on: date | None
    expected_on: date | None
    closed_on: date | None
    closed_at: datetime | None
    delivered_on: date | None
    recall_on: date | None
    stage: str
    stage_given: str
    level: str | None
    probability: Decimal | None
    probability_given: str | None
    reason_code: str | None
    reason_given: str | None
    defeat_kind: str | None
    competitor: str | None
    remark: str | None
    attributes: dict[str, Attribute]


Mapped = MappedRow | tuple[RowProblem, ...]
"""A row taken, or every reason why it was not."""
