"""What month closes put on an agenda: the month to be closed, and one whose close was taken back. Decides nothing."""

from __future__ import annotations

from services.kpi.agenda.item import Due, Item, Whose
from services.kpi.asking import Asking
from services.kpi.month import said
from services.kpi.months.closes import month_standings
from services.kpi.months.rights import CLOSES
from shared.days import start_of


async def due(whose: Whose) -> Due:
    """Head office and the director close a month on the first working day after it; by its end it closes by itself."""
    if whose.functions.isdisjoint(CLOSES):
        return Due()
    read = whose.read
    asking = Asking(read.tenant_id, read.zone, read.as_of, whose.sight, known_at=read.known_at, latest=True)
    mine = []
    for one in await month_standings(read.pool, asking, now=start_of(whose.day, read.zone)):
        closed = one.close is not None and one.close.closed_at <= read.as_of
        missed = one.state == "before_log" and whose.day > one.closes_on
        if closed or missed or one.last_day >= whose.day:
            continue
        mine.append(
            Item(
                kind="close_month",
                title=f"{said(one.month)} 月结" if whose.language.startswith("zh") else f"Close {said(one.month)}",
                due_on=one.closes_on,
                days_late=max(0, (whose.day - one.closes_on).days),
                person_id=whose.person_id,
                unit_id=whose.unit_id,
                path=f"/v1/months?from={said(one.month)}&to={said(one.month)}",
            )
        )
    return Due(mine)
