"""All parts of a person's day, in one place. A noun adds a part to `PARTS`, or a kind of returned item to `RETURNED`.

What it adds stands in a module of its folder that imports `today/sections.py` or `today/returned.py` alone.
"""

from __future__ import annotations

from services.opportunities.dealing import returned as dealing
from services.opportunities.filings import returned as filings
from services.opportunities.follow_ups.today import own, visits, waiting
from services.opportunities.follow_ups.today.returned import REQUESTS_REJECTED, Returned, part
from services.opportunities.follow_ups.today.sections import Part

RETURNED: tuple[Returned, ...] = (REQUESTS_REJECTED, *dealing.RETURNED, *filings.RETURNED)

PARTS: tuple[Part, ...] = (*own.PARTS, *visits.PARTS, part(RETURNED), *waiting.PARTS)

SECTIONS: tuple[tuple[str, str, str], ...] = (
    ("overdue", "逾期未跟进", "Follow-ups overdue"),
    ("instructions", "领导批示", "Instructions"),
    ("escalated", "下属超期", "Escalated to you"),
    ("due", "今日应跟进", "Due today"),
    ("planned", "计划跟进", "Planned follow-ups"),
    ("visits", "计划走访", "Planned visits"),
    ("leads", "待处理线索", "Leads to answer"),
    ("returned", "退回事项", "Returned to you"),
    ("cadence", "本月应走访", "Visits due this month"),
    ("approvals", "待您审批", "Waiting for your decision"),
)
"""Code, zh and en of every section, in the order shown."""
