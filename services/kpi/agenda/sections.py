"""What stands on an agenda, noun by noun, in the order shown."""

from __future__ import annotations

from services.kpi.agenda.item import Section
from services.kpi.inventories.agenda import due as inventories
from services.kpi.months.agenda import due as months
from services.kpi.plans.agenda import due as plans
from services.kpi.reporting.agenda import due as reporting
from services.kpi.rolling.agenda import due as rolling

SECTIONS: tuple[Section, ...] = (reporting, inventories, months, plans, rolling)
