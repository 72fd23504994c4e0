"""What stands on an agenda, noun by noun, in the order shown."""

from __future__ import annotations

from services.kpi.agenda.item import Section
from services.kpi.assessments.agenda import due as assessments
from services.kpi.inventories.agenda import due as inventories
from services.kpi.lead_plans.agenda import due as lead_plans
from services.kpi.meetings.agenda import due as meetings
from services.kpi.months.agenda import due as months
from services.kpi.plans.agenda import due as plans
from services.kpi.reporting.agenda import due as reporting
from services.kpi.rolling.agenda import due as rolling
from services.kpi.splits.agenda import due as splits

SECTIONS: tuple[Section, ...] = (
    reporting,
    inventories,
    months,
    plans,
    rolling,
    splits,
    lead_plans,
    meetings,
    assessments,
)
