"""Facts this service publishes: the storage format and the public language, for ever. Other services import this alone.

Names and fields are never renamed; change is by addition. Each noun's facts stand in the `events.py` of its folder.
"""

from __future__ import annotations

from services.kpi.assessments.events import *
from services.kpi.budgets.events import *
from services.kpi.calendar.events import *
from services.kpi.company.events import *
from services.kpi.engine.events import *
from services.kpi.forecasts.events import *
from services.kpi.improvements.events import *
from services.kpi.inventories.events import *
from services.kpi.lead_plans.events import *
from services.kpi.meetings.events import *
from services.kpi.months.events import *
from services.kpi.plans.events import *
from services.kpi.reporting.events import *
from services.kpi.rolling.events import *
from services.kpi.splits.events import *
from shared.event_store.stream import FactCorrected as FactCorrected
from shared.event_store.stream import FactVoided as FactVoided
