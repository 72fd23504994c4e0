"""The region and its twenty people: who works where, reports to whom, and when that changed. Data, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

FIRST_DAY = date(2024, 1, 1)
"""Before this day the region has no history."""
YEAR = 2025
REGION = "R"
BRANCHES = ("H", "N", "Z")
UNITS = {
    "R": ("华东大区", "region", None),
    "H": ("上海店", "branch", "R"),
    "N": ("南京店", "branch", "R"),
    "Z": ("杭州店", "branch", "R"),
    "H1": ("上海一组", "team", "H"),
    "H2": ("上海二组", "team", "H"),
}
"""Code: name, kind, unit above (null: head office)."""
MOVED, MOVED_TO, MOVED_ON = "H2", "Z", date(2025, 7, 1)
"""The reorganisation: a team of Shanghai belongs to Hangzhou from July on."""
LEAVER, LEFT_ON = "rep N1", date(2025, 4, 16)
SUCCESSORS = ("rep N2", "rep N3")
"""The leaver's accounts go to one, what is left to the other."""
ELSEWHERE = "rep N4"
"""Works at Nanjing, reports to the regional manager: the second edge."""
PRODUCTS = {"A6L": "320000.00", "Q5": "280000.00", "V9": "450000.00"}
CHANNELS = ("web", "phone", "tender_notice", "referral")


@dataclass(frozen=True)
class Member:
    name: str
    function: str
    unit: str


CHIEF = Member("chief", "director", "root")
"""At head office: proposes the annual plan that the office approves."""
STAFF = (
    Member("region", "regional_manager", "R"),
    Member("service", "customer_service", "R"),
    Member("books", "finance", "R"),
    Member("desk", "back_office", "R"),
    Member("hr", "hr", "R"),
    *(Member(f"head {branch}", "department_head", branch) for branch in BRANCHES),
    Member("rep H1", "representative", "H1"),
    Member("rep H2", "representative", "H1"),
    Member("rep H3", "representative", "H2"),
    Member("rep H4", "representative", "H2"),
    *(Member(f"rep {branch}{n}", "representative", branch) for branch in ("N", "Z") for n in (1, 2, 3, 4)),
)
REPS = tuple(member.name for member in STAFF if member.function == "representative")
assert len(STAFF) == 20
UNIT_OF = {member.name: member.unit for member in STAFF}
ORDER_OF_SPLITS = ("H", "N", "Z", "H1", "H2")
"""From above to below."""


def reps_on(first: date) -> tuple[str, ...]:
    """Who sells in a month that begins on this day."""
    return tuple(rep for rep in REPS if rep != LEAVER or first < LEFT_ON)


def branch_of(unit: str, told: date) -> str:
    """The branch a unit stands in, as the organisation is when something is told."""
    if unit == MOVED and told >= MOVED_ON:
        return MOVED_TO
    return unit[0]


def decides_for(owner: str, told: date) -> str:
    """Who approves what this person asks for: the head of the branch, or whom they report to."""
    return "region" if owner == ELSEWHERE else f"head {branch_of(UNIT_OF[owner], told)}"
