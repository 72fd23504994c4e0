"""The sources beside the deals, in one place. Wires; counts nothing."""

from __future__ import annotations

from services.kpi.engine.question import Source
from services.kpi.engine.sources.company import COMPANY_SOURCE, TOTAL_SOURCE
from services.kpi.engine.sources.company_forecasts import FORECAST_SOURCE
from services.kpi.engine.sources.customers import CUSTOMER_SOURCE, KEY_ACCOUNT_SOURCE
from services.kpi.engine.sources.follow_ups import FOLLOW_UP_SOURCE
from services.kpi.engine.sources.leads import LEAD_SOURCE, SPEND_SOURCE, VISITOR_SOURCE
from services.kpi.engine.sources.money import RECEIVABLES_SOURCE
from services.kpi.engine.sources.money_ledger import LEDGER_SOURCE
from services.kpi.engine.sources.visits import VISIT_SOURCE

OTHERS: tuple[Source, ...] = (
    LEAD_SOURCE,
    VISITOR_SOURCE,
    SPEND_SOURCE,
    VISIT_SOURCE,
    FOLLOW_UP_SOURCE,
    RECEIVABLES_SOURCE,
    LEDGER_SOURCE,
    COMPANY_SOURCE,
    TOTAL_SOURCE,
    KEY_ACCOUNT_SOURCE,
    CUSTOMER_SOURCE,
    FORECAST_SOURCE,
)
