"""The table of one split of a day: what is split, who gets what by which weight, how far confirmations are. No list."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from services.kpi.answers import figure
from services.kpi.asking import Asking, Labels, Reads, Row, Sql, rounded
from services.kpi.month import said
from services.kpi.plans.targets import target_rows
from services.kpi.splits.acting import PLANNED
from services.kpi.splits.events import SplitTotal, SplitWeight
from services.kpi.splits.listing import OPEN, lines_of, totals_of
from services.kpi.splits.shares import gaps
from services.kpi.words import MEASURES, STATUSES, word

OF_SPLIT = """
select c.stream_id, c.owner_id, c.status,
       case when c.status = any({open}::text[]) then greatest({day} - c.confirm_by, 0) else 0 end as days_late
  from {confirmations} as c
 where c.split_id = {split} and c.month = {month} and c.unit_id = {unit} and {holds}
"""
ONE = "select s.* from {splits} as s where s.stream_id = {split} and {holds}"


async def table(reads: Reads, asking: Asking, labels: Labels, split_id: UUID) -> Row | None:
    """One split: its totals, then who gets what; None when there was none then. Whoever asks may see it."""
    sql = Sql(asking)
    found = await reads.fetch(sql.text(ONE, split=sql(split_id), holds=sql.holds("s")), *sql.values)
    if not found:
        return None
    row = found[0]
    totals, lines = totals_of(row), lines_of(row)
    sql = Sql(asking)
    statement = sql.text(
        OF_SPLIT,
        open=sql(list(OPEN)),
        split=sql(split_id),
        month=sql(row["month"]),
        unit=sql(row["unit_id"]),
        holds=sql.holds("c"),
    )
    asked = {one["owner_id"]: one for one in await reads.fetch(statement, *sql.values)}
    planned = await _planned(reads, asking, row)
    products = await labels.products(reads, asking, {line.product for line in lines})
    units = await labels.units(reads, asking, [row["unit_id"], *(line.unit_id for line in lines)])
    people = await labels.people(asking.tenant_id, (line.person_id for line in lines))
    weights = {
        (one.measure, one.unit_id, one.person_id): one
        for one in msgspec.convert(row["weights"], tuple[SplitWeight, ...])
    }
    of_total = {(one.measure, one.product, one.currency): one.target for one in totals}
    balance = gaps(totals, lines)
    rows = [
        _total_row(gap.total, gap.target, planned.get((gap.total.measure, gap.total.product, gap.total.currency)))
        | {
            "product_label": products.get(gap.total.product or ""),
            "measure_label": word(MEASURES, gap.total.measure, labels.language),
        }
        for gap in balance
    ]
    for line in lines:
        whole = of_total[line.measure, line.product, line.currency]
        weight = weights.get((line.measure, line.unit_id, line.person_id))
        confirmation = asked.get(line.person_id) if line.person_id is not None else None
        lapsed = confirmation is None or confirmation["status"] == "lapsed"
        rows.append(
            {
                "part": "unit" if line.person_id is None else "person",
                "unit_id": line.unit_id,
                "unit": None if line.unit_id is None else units.get(line.unit_id),
                "person_id": line.person_id,
                "person": None if line.person_id is None else people.get(line.person_id),
                "measure": line.measure,
                "measure_label": word(MEASURES, line.measure, labels.language),
                "product": line.product,
                "product_label": products.get(line.product or ""),
                "currency": line.currency,
                "target": figure(line.target, line.currency),
                "stretch": figure(line.stretch, line.currency),
                "share": rounded(line.target / whole) if whole else None,
                "history": None if weight is None else figure(weight.history),
                "pipeline": None if weight is None else figure(weight.pipeline),
                **dict.fromkeys(("source", "given", "gap", "in_force", "differs")),
                "confirmation_id": None if lapsed or confirmation is None else confirmation["stream_id"],
                "confirmation": None if lapsed or confirmation is None else confirmation["status"],
                "days_late": None if lapsed or confirmation is None else confirmation["days_late"],
            }
        )
    return {
        "rows": rows,
        "split_id": split_id,
        "month": said(row["month"]),
        "unit_id": row["unit_id"],
        "unit": units.get(row["unit_id"]),
        "status": row["status"],
        "status_label": word(STATUSES, row["status"], labels.language),
        "number": row["number"],
        "closes": all(gap.closes for gap in balance),
        "history_share": float(row["history_share"]),
        "history_from": row["history_from"],
        "history_to": row["history_to"],
    }


def _total_row(total: SplitTotal, given: Decimal, planned: Decimal | None) -> Row:
    nothing = dict.fromkeys(
        ("unit_id", "unit", "person_id", "person", "history", "pipeline", "confirmation_id", "confirmation",
         "days_late")
    )  # fmt: skip
    return nothing | {
        "part": "total",
        "measure": total.measure,
        "product": total.product,
        "currency": total.currency,
        "target": figure(total.target, total.currency),
        "stretch": figure(total.stretch, total.currency),
        "share": 1.0 if total.target else None,
        "source": total.source,
        "given": figure(given, total.currency),
        "gap": figure(total.target - given, total.currency),
        "in_force": figure(planned, total.currency),
        "differs": planned is not None and planned != total.target,
    }


async def _planned(reads: Reads, asking: Asking, row: Any) -> dict[tuple[str, str | None, str | None], Decimal]:
    """What the plans, or the split above, give the unit."""
    sql = Sql(asking)
    measures = sorted({one.measure for one in totals_of(row)})
    statement = sql.text(
        PLANNED,
        targets=target_rows(sql),
        month=sql(row["month"]),
        unit=sql(row["unit_id"]),
        measures=sql(measures),
    )
    return {
        (one["measure"], one["product"], one["currency"]): one["target"]
        for one in await reads.fetch(statement, *sql.values)
        if one["record_id"] != row["stream_id"]
    }
