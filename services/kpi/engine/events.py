"""Facts of the KPI engine: storage format and public language, for ever. See the service's `events.py`."""

from __future__ import annotations

from datetime import date
from typing import Any

from shared.event_store.stream import FirstOrLaterFact


class KpiPublished(FirstOrLaterFact):
    """A KPI is reckoned by this version of its definition, with these parameters, from a day on.

    A question as of that day or later is answered so for its whole past; no stored figure changes, for there is none.

    sets: policies (additive: this one)
    """

    effective_from: date
    kpi: str
    definition_version: int
    parameters: dict[str, Any]  # whole numbers of days, or lists of codes; those not named are as the definition says


KpiFact = KpiPublished
