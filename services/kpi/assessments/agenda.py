"""What assessments put on an agenda: last month's assessment at month end, results to be signed or answered, and what
waits for the person. Decides nothing.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from services.kpi.agenda.item import Due, Item, Whose
from services.kpi.asking import Asking, Sql
from services.kpi.assessments.report import TO_RATE
from services.kpi.assessments.scheme import HEADS
from services.kpi.assessments.sight import ANY_POST, RANKS, personal
from services.kpi.assessments.views import ASSESSMENTS, COMMISSIONS
from services.kpi.calendar.working_days import WorkingDays, working_days
from services.kpi.month import later, said
from services.kpi.views.people import PEOPLE
from shared.days import day_of
from shared.identity.approval import APPROVES
from shared.identity.principal import ACCOUNT_MANAGER, REPRESENTATIVE

MONTH_END_DAYS: Final = 5
"""Working days at a month's end in which the month before, closed by then, is assessed (ours)."""
ASSESSED: Final = (REPRESENTATIVE, ACCOUNT_MANAGER, *HEADS)
"""Posts that have a shipped scheme: of these an assessment is owed."""

# Those of lower posts who report to the asker or the asker's unit, and are not assessed yet.
OWED = """
select count(*)::int as reporting,
       count(*) filter (where a.status is null or a.status in ('open', 'upheld'))::int as owed
  from {people} as p
  left join {assessments} as a
    on a.owner_id = p.stream_id and a.month = {month} and a.cycle = 'month' and {assessment_holds}
 where {holds} and p.status = 'active' and p.functions && {posts}::text[] and not p.functions && {others}::text[]
   and {direct}
"""
WAITING = """
select r.stream_id, r.owner_id, r.unit_id, r.month, r.status, r.from_at
  from {relation} as r
 where {holds} and r.status in ('proposed', 'signed', 'appealed', 'confirmed') and {seen}
   and (r.owner_id = {asker} or exists (
        select from {people} as p where p.stream_id = r.owner_id and {people_holds} and {direct}))
"""
DIRECT = "(p.reports_to_person_id = {asker} or (p.reports_to_person_id is null and p.reports_to_unit_id = {unit}))"
TITLES: Final = {
    "assess": ("{month} 月度考核（未出结果 {persons} 人）", "Assess {month} ({persons} without a result)"),
    "rate_assessment": ("评价同事的 {month} 考核", "Rate for the assessment of {month}"),
    "sign_assessment": ("签署 {month} 考核结果", "Sign off the assessment of {month}"),
    "sign_commission": ("签署 {month} 提成单", "Sign off the commission of {month}"),
    "answer_assessment": ("答复 {month} 考核申诉", "Answer the appeal against the assessment of {month}"),
    "answer_commission": ("答复 {month} 提成申诉", "Answer the appeal against the commission of {month}"),
    "acknowledge_assessment": ("确认 {month} 考核结果", "Take note of the assessment of {month}"),
    "acknowledge_commission": ("确认 {month} 提成单", "Take note of the commission of {month}"),
}
ACTS: Final = {"proposed": "sign", "appealed": "answer", "signed": "acknowledge", "confirmed": "acknowledge"}


async def due(whose: Whose) -> Due:
    """Whose assessment of last month the asker owes, what waits for their signature, answer, or note."""
    read = whose.read
    await read.wait(ASSESSMENTS, COMMISSIONS, PEOPLE)
    calendar = await working_days(read.pool, read.tenant_id, known_at=read.known_at)
    asking = Asking(read.tenant_id, read.zone, read.as_of, whose.sight, known_at=read.known_at)
    heads = not whose.functions.isdisjoint(APPROVES)
    mine: list[Item] = []
    for noun, relation in (("assessment", "assessments"), ("commission", "commissions")):
        sql = Sql(asking)
        asker = f"{sql(whose.person_id)}::uuid"
        text = sql.text(
            WAITING.replace("{relation}", "{" + relation + "}"),
            holds=sql.holds("r"),
            seen=personal(sql, "r"),
            asker=asker,
            people_holds=sql.holds("p"),
            direct=DIRECT.format(asker=asker, unit=f"{sql(whose.unit_id)}::uuid"),
        )
        for row in await read.pool.fetch(text, *sql.values):
            own, act = row["owner_id"] == whose.person_id, ACTS[row["status"]]
            if own == (act == "acknowledge") and (own or heads):
                by = calendar.next_working(day_of(row["from_at"], asking.zone) + timedelta(days=1))
                path = f"/v1/{relation}/{row['stream_id']}"
                mine.append(_item(f"{act}_{noun}", whose, row["month"], by, row["unit_id"], path))
    mine += await _to_rate(whose, asking, calendar)
    if heads and whose.unit_id is not None:
        mine += await _assess(whose, asking, calendar, whose.unit_id)
    return Due(mine)


async def _to_rate(whose: Whose, asking: Asking, calendar: WorkingDays) -> list[Item]:
    """What the asker is asked to rate and has not: by the next working day."""
    sql = Sql(asking)
    text = sql.text(TO_RATE, holds=sql.holds("r"), person=sql(str(whose.person_id)))
    rows: list[Any] = await whose.read.pool.fetch(text, *sql.values)
    return [
        _item(
            "rate_assessment",
            whose,
            row["month"],
            calendar.next_working(day_of(row["from_at"], asking.zone) + timedelta(days=1)),
            row["unit_id"],
            "/v1/assessments/to-rate",
        )
        for row in rows
        if whose.person_id not in row["rated"]
    ]


async def _assess(whose: Whose, asking: Asking, calendar: WorkingDays, unit_id: UUID) -> list[Item]:
    """The asker's people who are not assessed for last month; without people the duty is there all the same."""
    ends = calendar.last_working(calendar.month_of(whose.day), MONTH_END_DAYS)
    if whose.day < ends[0]:
        return []
    month = later(calendar.month_of(whose.day), -1)
    rank = max((RANKS.get(name, 0) for name in whose.functions), default=0)
    lower = [name for name in ANY_POST if RANKS[name] < rank]
    sql = Sql(asking)
    text = sql.text(
        OWED,
        month=f"{sql(month)}::date",
        assessment_holds=sql.holds("a"),
        holds=sql.holds("p"),
        posts=sql([name for name in ASSESSED if name in lower]),
        others=sql([name for name in ANY_POST if name not in lower]),
        direct=DIRECT.format(asker=f"{sql(whose.person_id)}::uuid", unit=f"{sql(unit_id)}::uuid"),
    )
    row = await whose.read.pool.fetchrow(text, *sql.values)
    if row["reporting"] and not row["owed"]:
        return []
    return [_item("assess", whose, month, ends[-1], unit_id, f"/v1/assessments?month={said(month)}", row["owed"])]


def _item(kind: str, whose: Whose, month: date, by: date, unit: UUID, path: str, persons: int = 0) -> Item:
    zh, en = TITLES[kind]
    title = (zh if whose.language.startswith("zh") else en).format(month=said(month), persons=persons)
    late = max(0, (whose.day - by).days)
    return Item(kind=kind, title=title, due_on=by, days_late=late, person_id=whose.person_id, unit_id=unit, path=path)
