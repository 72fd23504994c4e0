"""The rows of the reports as their readers get them. Documents and checks; computes nothing."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, Field

from shared.http.columns import AMOUNT

Money = Annotated[str, AMOUNT]
"""Decimal text; the currency stands beside it."""

R = TypeVar("R")


class Report(BaseModel, Generic[R]):
    """All rows of a report, never paged, with the instant and the place in the log they are of."""

    rows: list[R]
    as_of: datetime = Field(description="The instant of business time the rows are of.")
    position: int = Field(description="The last place in the log that every row is sure to have seen.")


class LineRow(BaseModel):
    line: int
    product: str
    product_label: str
    units: int
    unit_price: Money | None


class Grouped(BaseModel):
    """The keys a row is grouped by, each with its label; only those asked for are there."""

    owner: str | None = None
    owner_label: str | None = None
    org_unit: str | None = None
    org_unit_label: str | None = None
    product: str | None = None
    product_label: str | None = None


class PipelineRow(Grouped):
    """One level of one group and currency. Counts prospects, `units` units not yet delivered or cancelled."""

    channel: str | None = None
    channel_label: str | None = None
    account_kind: str | None = None
    account_kind_label: str | None = None
    currency: str
    level: str = Field(description="N C B A H O, or `overdue`: its expected day has passed (computed levels only).")
    count: int
    units: int
    amount: Money
    weighted_amount: Money


class StockTotal(BaseModel):
    count: int
    units: int
    amount: Money


class Stock(BaseModel):
    """What the rows of one currency sum to: every deal once, whatever they are grouped by."""

    currency: str
    open: StockTotal
    ordered: StockTotal


class Pipeline(Report[PipelineRow]):
    stock: list[Stock]
    policy: str
    level: str
    weight: str


class MoverRow(BaseModel):
    """A prospect whose computed level is another under policy b."""

    opportunity_id: UUID
    title: str | None
    account_id: UUID | None
    account: str | None
    owner_id: UUID | None
    owner: str | None
    unit_id: UUID | None
    unit: str | None
    declared: str
    expected_on: date | None
    days_left: int | None
    units: int | None
    amount: Money | None
    currency: str
    level_a: str
    level_b: str


class Flow(BaseModel):
    level_a: str
    level_b: str
    count: int


class PipelineDiff(Report[MoverRow]):
    moved: int
    compared: int = Field(description="Judged prospects in the open stock.")
    flow: list[Flow]
    policy_a: str
    policy_b: str


class InstructionRow(BaseModel):
    text: str
    due_on: date
    given_by: UUID
    given_by_name: str | None
    given_on: date


class HotCustomerRow(BaseModel):
    """A prospect whose declared or computed level is the hottest."""

    opportunity_id: UUID
    version: int
    title: str | None
    account_id: UUID | None
    account: str | None
    account_kinds: list[str]
    key_person_id: UUID | None
    key_person: str | None = Field(description="From the vault; null when erased.")
    key_person_layer: str | None
    key_person_post: str | None
    lines: list[LineRow]
    units: int | None
    amount: Money | None
    currency: str
    competitor: str | None
    level_before: str
    level: str
    computed_level: str
    levels_differ: bool
    judged_at: datetime | None
    expected_on: date | None
    days_left: int | None
    overdue: bool = Field(description="The expected day has passed: a new judgement is due.")
    times_slipped: int
    review: str | None
    visits: int
    last_visit_id: UUID | None
    last_visit_on: date | None
    last_visit_way: str | None
    last_visit_reached: bool | None
    last_visit_next_step: str | None
    last_visit_next_on: date | None
    last_contact_on: date | None = Field(description="The last contact or visit that reached somebody.")
    follow_up_on: date = Field(description="The next contact is due: by the cadence of the declared level.")
    follow_up_planned_on: date | None
    follow_up_days_overdue: int
    follow_up_escalated: bool
    stage: str | None
    probability: str | None
    obstacle: str | None
    support_needed: str | None
    owner_id: UUID | None
    owner: str | None
    unit_id: UUID | None
    unit: str | None
    channel: str | None
    instruction: InstructionRow | None = Field(description="The latest of the head, done or not.")
    instruction_days_overdue: int
    instruction_done_on: date | None
    instruction_done_by: UUID | None
    instruction_done_by_name: str | None
    instruction_result: str | None


class HotCustomers(Report[HotCustomerRow]):
    policy: str


class HotChangeRow(BaseModel):
    """A prospect that was in the hot-customer table on the first day, the last, or both. Null before: not on file."""

    opportunity_id: UUID
    title: str | None
    account_id: UUID | None
    account: str | None
    change: str = Field(description="entered, left; changed, unchanged: in the table on both days.")
    came_from: str | None = Field(description="captured; level: open at another; else the status it had.")
    went_to: str | None = Field(description="level: open at another; ordered, delivered, or the status it has.")
    level_before: str | None
    level: str | None = Field(description="Declared; null: neither open nor ordered.")
    computed_level_before: str | None
    computed_level: str | None
    expected_before: date | None
    expected_on: date | None
    slipped: int = Field(description="How often the expected day moved later in between.")
    units_before: int | None
    units: int | None
    amount_before: Money | None
    amount: Money | None
    currency_before: str | None
    currency: str
    owner_before_id: UUID | None
    owner_before: str | None
    owner_id: UUID | None
    owner: str | None
    owner_changed: bool
    unit_id: UUID | None
    unit: str | None
    instruction_given: str | None = Field(description="The latest instruction, if it was given in between.")
    instruction_due_on: date | None
    instruction_done_on: date | None = Field(description="If the latest was carried out in between.")


class HotChanges(Report[HotChangeRow]):
    entered: int
    left: int
    changed: int
    unchanged: int
    first_day: date = Field(alias="from")
    last_day: date = Field(alias="to")


class DefeatRow(BaseModel):
    """One approved defeat, as the deal was then."""

    opportunity_id: UUID
    version: int
    title: str | None
    account_id: UUID | None
    account: str | None
    lines: list[LineRow]
    units: int | None
    amount: Money | None
    currency: str
    level_before: str
    captured_on: date | None
    requested_on: date | None
    requested_by: UUID | None
    requested_by_name: str | None
    lost_on: date = Field(description="The day of approval: it counts on this day.")
    reviewed_by: UUID | None = Field(description="Null: approved automatically.")
    reviewed_by_name: str | None
    review_outcome: str = Field(description="approved, automatic")
    evidence: str | None
    verdict: str | None = Field(description="Of the call-back before the approval; null: nobody called.")
    verify_attempts: int | None
    verify_reached: bool | None
    reason_found: str | None
    reason_found_label: str | None
    verify_comment: str | None
    verified_on: date | None
    verified_by: UUID | None
    verified_by_name: str | None
    kind: str | None
    category: str | None
    category_label: str | None
    reason: str | None
    reason_label: str | None
    reason_given: str | None
    other_reasons: list[str]
    other_reason_labels: list[str]
    competitor_brand: str | None
    competitor_model: str | None
    competitor_price: Money | None
    bought_on: date | None
    visits: int
    last_visit_on: date | None
    days_held: int | None
    recall_on: date | None
    owner_id: UUID | None
    owner: str | None
    unit_id: UUID | None
    unit: str | None
    channel: str | None
    reopened_at: datetime | None
    won_at: datetime | None


class Amount(BaseModel):
    currency: str
    amount: Money


class AnalysisRow(Grouped):
    """One group of defeats. Shares are of main reasons and add up to 1; mentions count other reasons too."""

    category: str | None = None
    category_label: str | None = None
    reason: str | None = None
    reason_label: str | None = None
    competitor: str | None = None
    competitor_label: str | None = None
    level: str | None = None
    level_label: str | None = None
    month: str | None = None
    month_label: str | None = None
    count: int
    share: float | None
    cumulative_share: float | None
    units: int
    amounts: list[Amount]
    mentions: int | None = Field(description="Null unless grouped by reason or category.")


class DefeatAnalysis(Report[AnalysisRow]):
    defeats: int
    reopened: int
    won_later: int
    approvals: dict[str, Any] = Field(
        description="Defeats asked for in the period and what was decided: see /v1/defeats/approvals."
    )


class OutcomeRow(BaseModel):
    """What came of the deals of one key and currency."""

    key: str | None = Field(description="Id or code; null: none (a deal without account, say).")
    label: str
    currency: str
    captured: int
    open: int
    won: int
    lost: int
    win_rate: float | None = Field(description="won / (won + lost), 0–1; null when none.")
    amount_won: Money
    cycle_days_mean: float | None = Field(description="Calendar days from record to order, of the won.")
    cycle_days_median: float | None


class VisitPerson(BaseModel):
    person_id: UUID
    name: str | None


class Met(VisitPerson):
    layer: str | None
    post: str | None


class Objection(BaseModel):
    text: str
    raised: int = Field(description="How often at this account, up to the instant asked about.")


class Judgement(BaseModel):
    opportunity_id: UUID
    level_before: str
    level: str
    expected_on: date | None


class VisitRow(BaseModel):
    """A visit, planned or made."""

    id: UUID
    version: int
    status: str
    account_id: UUID | None
    account: str | None
    opportunity_ids: list[UUID]
    owner_id: UUID | None
    owner: str | None
    unit_id: UUID | None
    unit: str | None
    purpose: str | None
    way: str | None
    planned_on: date | None
    visited_on: date | None
    reached: bool | None
    participants: list[VisitPerson]
    persons_met: list[Met]
    expected_objections: list[str]
    objections: list[Objection]
    competitor: str | None
    rumours: list[dict[str, Any]]
    units_owned: int | None
    buying_plan: str | None
    judgements: list[Judgement]
    next_step: str | None
    next_on: date | None
    reviewed_by: UUID | None
    reviewed_by_name: str | None
    reviewed_on: date | None
    cancel_reason: str | None
    preparation: str | None
    narrative: str | None
    comment: str | None


class OpportunityRow(BaseModel):
    """An opportunity as it stood."""

    id: UUID
    version: int
    title: str | None
    status: str
    review: str | None
    stock: str | None = Field(description="open; ordered, not wholly delivered or cancelled; null: neither.")
    level: str = Field(description="Declared; N: not judged yet; O: ordered.")
    computed_level: str | None
    expected_on: date | None
    days_left: int | None
    times_slipped: int
    account_id: UUID | None
    account: str | None
    owner_id: UUID | None
    owner: str | None
    unit_id: UUID | None
    unit: str | None
    channel: str | None
    lines: list[dict[str, Any]]
    units: int | None
    open_units: int | None
    amount: Money | None
    open_amount: Money | None
    currency: str
    stage: str | None
    probability: str | None
    captured_at: datetime
    recall_on: date | None
    promised_on: date | None
    external_refs: dict[str, str]
