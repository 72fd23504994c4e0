"""The matrix and its targets for assessments and commissions: rows by operation, and what makes what they are on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from services.kpi.assessments.assessment import Assessment
from services.kpi.assessments.commission import Commission, Computed
from services.kpi.assessments.life import Result
from services.kpi.events import AmountDue, AssessmentProposed, Cycle, PartResult, PartSource, Rater, RaterNamed
from tests.authorisation import expectations as who
from tests.authorisation.company import id_of
from tests.authorisation.nouns.kpi_improvements import ABOUT_A_PERSON
from tests.authorisation.row import OWN, Row, listed
from tests.authorisation.target import Target
from tests.authorisation.world import World

AT = datetime(2025, 10, 6, 2, tzinfo=UTC)
DAY = date(2025, 10, 6)
MONTH = date(2025, 9, 1)
LINE = {who.REGION, who.PLACE, who.DIRECTOR, who.NO_PERSONAL}
BY_LINE = who.acting(LINE, {who.OWNER})
BY_THE_PERSON = who.acting({who.OWNER}, LINE)
OPENING = who.reserved(LINE | {who.OTHER_TENANT}, elsewhere="done")
"""The other company has the same ids: its director stands above its own b00.a."""
PART = {"code": "a", "zh": "甲", "en": "a", "weight": "1", "source": "kpi", "kpi": "deliveries"}
RULE_LINE = {"code": "a", "kpi": "deliveries", "rate": "800", "currency": "CNY"}
SINCE = "2020-01-01"


def _both(verb: str, state: str, expect: who.Pattern, body: Any) -> dict[str, Row]:
    return {f"{noun}s.{verb}": Row(expect, f"{noun}.{state}", body) for noun in ("assessment", "commission")}


ROWS: dict[str, Row] = {
    "assessment_schemes.read": listed(),
    "assessment_schemes.publish": Row(
        who.PUBLISHING,
        body={"effective_from": SINCE, "post": "representative", "cycle": "month", "parts": [PART]},
    ),
    "commission_rules.read": listed(),
    "commission_rules.publish": Row(
        who.PUBLISHING, body={"effective_from": SINCE, "post": "representative", "lines": [RULE_LINE]}
    ),
    "assessments.list": listed(),
    "assessments.to_rate": listed(),
    "assessments.read": Row(ABOUT_A_PERSON, "assessment.open"),
    "assessments.open": Row(OPENING, body={"owner_id": OWN, "month": "2026-01"}, done=(201, 409)),
    "assessments.rate": Row(BY_LINE, "assessment.open", {"rater": "superior", "aspect": "attitude", "points": "90"}),
    "assessments.propose": Row(BY_LINE, "assessment.open", {}, done=(200, 409), why="the month may not be closed"),
    "assessments.adjust": Row(BY_LINE, "assessment.proposed", {"code": "a", "points": "90", "reason": "住院"}),
    "commissions.list": listed(),
    "commissions.read": Row(ABOUT_A_PERSON, "commission.proposed"),
    "commissions.propose": Row(
        OPENING, body={"owner_id": OWN, "month": "2026-01"}, done=(201, 409), why="the month may not be closed"
    ),
    "commissions.recompute": Row(
        BY_LINE, "commission.proposed", {}, done=(200, 409), why="the month may not be closed"
    ),
    "commissions.adjust": Row(BY_LINE, "commission.proposed", {"currency": "CNY", "amount": "-5.00", "reason": "重复"}),
    **_both("sign_off", "proposed", BY_LINE, {}),
    **_both("return", "proposed", BY_LINE, {"reason": "不完整"}),
    **_both("acknowledge", "signed", BY_THE_PERSON, {}),
    **_both("appeal", "signed", BY_THE_PERSON, {"appeal": "少计一台"}),
    **_both("answer_appeal", "appealed", BY_LINE, {"upheld": False, "answer": "已核对"}),
    **_both("void", "signed", BY_LINE, {"version": 3, "reason": "错"}),
    "assessments.correct": Row(
        BY_LINE, "assessment.returned", {"version": 3, "changes": {"return_reason": "改"}, "reason": "错"}
    ),
    "commissions.correct": Row(
        BY_LINE, "commission.returned", {"version": 2, "changes": {"return_reason": "改"}, "reason": "错"}
    ),
}
ROWS["commissions.void"] = Row(BY_LINE, "commission.signed", {"version": 2, "reason": "错"})


def _further(made: Result, state: str) -> None:
    if state == "returned":
        made.give_back("不完整", at=AT)
    if state in ("signed", "appealed"):
        made.sign(by=id_of("b00.manager"), at=AT, day=DAY)
    if state == "appealed":
        made.appeal(at=AT, day=DAY)


async def assessment(world: World, state: str) -> Target:
    """A fresh assessment of b00.a."""
    made = Assessment.open(
        id=uuid4(), cycle=Cycle.MONTH, month=MONTH, owner_id=id_of("b00.a"), unit_id=id_of("b00"),
        post="representative", raters=[RaterNamed(id_of("b20.b"), Rater.PEER)], at=AT,
    )  # fmt: skip
    if state != "open":
        one = Decimal(1)
        part = PartResult("a", one, PartSource.KPI, "ok", one, one, one, one)
        made.happen(
            AssessmentProposed, at=AT, scheme_from=DAY, known_at=1, opening_known_at=None, parts=(part,), score=one,
            proposed_by=id_of("hr"),
        )  # fmt: skip
    _further(made, state)
    await world.append(0, [made], actor="b00.manager")
    return Target(str(made.id), made.version)


async def commission(world: World, state: str) -> Target:
    """A fresh commission proposal of b00.a."""
    due = (AmountDue("CNY", Decimal(800)),)
    computed = Computed(MONTH, id_of("b00.a"), id_of("b00"), "representative", 1, None, (), due)
    made = Commission.propose(computed, id=uuid4(), by=id_of("hr"), at=AT)
    _further(made, state)
    await world.append(0, [made], actor="b00.manager")
    return Target(str(made.id), made.version)


def _maker(make: Callable[[World, str], Awaitable[Target]], state: str) -> Callable[[World], Awaitable[Target]]:
    return lambda world: make(world, state)


MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {
    **{
        f"assessment.{state}": _maker(assessment, state)
        for state in ("open", "proposed", "signed", "appealed", "returned")
    },
    **{f"commission.{state}": _maker(commission, state) for state in ("proposed", "signed", "appealed", "returned")},
}
