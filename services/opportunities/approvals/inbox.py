"""What waits for a decision, the oldest first, in pages. Knows of each kind what it says of itself; decides nothing.

A row is shown to who sees the opportunity today. It waits for whoever may decide it: usually who stands above the owner
in the reporting line and neither asked for it nor entered it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.opportunities.approvals.kinds import Kind
from services.opportunities.policies.in_force import Rules
from services.opportunities.policies.level_policy import NEW, ORDERED
from services.opportunities.reports.asking import Asking, Reads, Row, Sql, money
from services.opportunities.reports.filters import Filters
from services.opportunities.reports.labels import Labels
from services.opportunities.views.standings import STANDINGS
from shared.http.kit import Kit
from shared.identity.approval import ABOVE_ALL_LINES, APPROVES, approves, holds
from shared.identity.organisation import Line
from shared.records.paging import Order, Page, next_of, paged

ORDERS: Mapping[str, Order] = {"requested_at": Order("w.requested_at", "timestamptz")}

# `s`: the opportunity at the instant asked about. `n`: as it is now, which decides who sees and who decides.
WAITING = """
  from ({waiting}) as w
  join {standings} as s on s.stream_id = w.opportunity_id and {holds}
  join {now} as n on n.tenant_id = $1 and n.stream_id = w.opportunity_id and n.to_at is null
 where {shown} and {wanted}
"""
ONE_KIND = "select '{kind}'::text as kind, k.* from ({waiting}) as k"
ASKERS = "select distinct n.owner_id, w.requested_by, w.entered_by"
INBOX = """
select w.kind, w.id as stream_id, w.opportunity_id, w.requested_by, w.entered_by, w.requested_at, w.summary,
       (w.requested_at at time zone {zone})::date as requested_on,
       coalesce(w.amount, s.open_amount) as amount, coalesce(w.currency, s.currency) as currency,
       s.title, s.account_id, s.owner_id, s.unit_id, s.level, s.stock, s.status, s.open_units as units,
       {mine} as mine, {sort_value} as sort_value
"""
REST = """
   and ({mine} or {everybodys}) and {beyond}
 order by {order}
 limit {limit}
"""
IN_LINE = "concat_ws('/', n.owner_id, w.requested_by, w.entered_by) = any({keys}::text[])"
VERSIONS = """
select e.stream_id, max(e.version) as version
  from es.events as e where e.tenant_id = $1 and e.stream_id = any($2::uuid[])
 group by 1
"""


ALL = Filters()


@dataclass(frozen=True, slots=True)
class Which:
    """Which requests. `older_than`: waiting for more than so many days. `everybodys`: all that wait, in sight."""

    older_than: int | None = None
    everybodys: bool = False
    filters: Filters = ALL

    def predicate(self, sql: Sql) -> str:
        said = [self.filters.predicate(sql, "s")]
        if self.older_than is not None:
            said.append(
                f"{sql.named('day')} - (w.requested_at at time zone {sql.named('zone')})::date > {sql(self.older_than)}"
            )
        return " and ".join(said)


async def inbox(
    reads: Reads,
    kit: Kit,
    asking: Asking,
    rules: Rules,
    labels: Labels,
    *,
    kinds: Sequence[Kind],
    which: Which,
    page: Page,
) -> tuple[list[Row], tuple[str, UUID] | None]:
    """A page of what waits, and after which the next goes on. `decisions` are empty for who may not decide."""
    keys = await _decidable(reads, kit, asking, kinds, which)
    sql = Sql(asking)
    in_line = IN_LINE.format(keys=sql(keys))
    mine = _mine(sql, kinds, in_line)
    parts = {"mine": mine, "everybodys": str(which.everybodys).lower()}
    parts |= paged(sql, ORDERS, "requested_at", page, "w.id")
    statement = sql.text(INBOX, **parts) + _from(sql, kinds, which) + sql.text(REST, **parts)
    found, after = next_of(await reads.fetch(statement, *sql.values), page)
    accounts = await labels.accounts(reads, asking, {row["account_id"] for row in found})
    units = await labels.units(reads, asking, {row["unit_id"] for row in found})
    people = await labels.people(
        asking.tenant_id, {row[role] for row in found for role in ("owner_id", "requested_by", "entered_by")}
    )
    versions = {
        row["stream_id"]: row["version"]
        for row in await reads.fetch(VERSIONS, asking.tenant_id, [row["stream_id"] for row in found])
    }
    reasons = await labels.reasons(reads, asking)
    known = {kind.code: kind for kind in kinds}
    items = []
    for row in found:
        kind = known[row["kind"]]
        path = kind.path.format(id=row["stream_id"])
        allowed: list[str] = []
        if row["mine"] and asking.is_present:
            possible = kind.possible(row, rules, asking.day) if kind.possible else kind.decisions
            allowed = [name for name in kind.decisions if name in possible]
        items.append(
            {
                "kind": kind.code,
                "kind_label": kind.en if labels.language == "en" else kind.zh,
                "id": row["stream_id"],
                "version": versions.get(row["stream_id"]),
                "path": path,
                "allowed": allowed,
                "paths": {name: f"{path}/{kind.decisions[name].verb}" for name in allowed},
                "proposal": kind.propose(row, rules, asking.day) if kind.propose else None,
                "requested_on": row["requested_on"],
                "age_days": (asking.day - row["requested_on"]).days,
                "requested_by": row["requested_by"],
                "requested_by_name": people.get(row["requested_by"]),
                "entered_by": row["entered_by"],
                "entered_by_name": people.get(row["entered_by"]),
                "opportunity_id": row["opportunity_id"],
                "title": row["title"],
                "account_id": row["account_id"],
                "account": accounts.get(row["account_id"]),
                "owner_id": row["owner_id"],
                "owner": people.get(row["owner_id"]),
                "unit_id": row["unit_id"],
                "unit": units.get(row["unit_id"]),
                "level_before": ORDERED if row["stock"] == "ordered" else row["level"] or NEW,
                "status": row["status"],
                "units": row["units"],
                "amount": money(row["amount"]),
                "currency": row["currency"],
                "reason": (reason := row["summary"].get("reason")),
                "reason_label": reasons.get(reason or "", reason),
                "summary": row["summary"],
            }
        )
    return items, after


def _from(sql: Sql, kinds: Sequence[Kind], which: Which) -> str:
    """What waits, with its opportunity, as far as the asker sees it."""
    parts = [ONE_KIND.format(kind=kind.code, waiting=kind.waiting(sql)) for kind in kinds]
    return sql.text(
        WAITING,
        waiting="\nunion all\n".join(parts),
        now=STANDINGS.table,
        holds=sql.holds("s"),
        shown=sql.counted("n"),
        wanted=which.predicate(sql),
    )


def _mine(sql: Sql, kinds: Sequence[Kind], in_line: str) -> str:
    ways = []
    for kind in kinds:
        said = in_line if kind.whose is None else kind.whose(sql, sql.asking.sight, in_line)
        ways.append(f"(w.kind = '{kind.code}' and ({said}))")
    return f"({' or '.join(ways)})" if ways else "false"


async def _decidable(reads: Reads, kit: Kit, asking: Asking, kinds: Sequence[Kind], which: Which) -> list[str]:
    """Keys of owner, asker and who entered it, where the asker decides: one look at each owner's reporting line."""
    sight = asking.sight
    if not kinds or not holds(sight, APPROVES) or kit.organisation is None:
        return []
    sql = Sql(asking)
    askers = await reads.fetch(ASKERS + _from(sql, kinds, which), *sql.values)
    above_all = any(seat.has(ABOVE_ALL_LINES) for seat in sight.seats)
    lines: dict[UUID, Line] = {}
    keys = []
    for row in askers:
        owner, asked = row["owner_id"], {id for id in (row["requested_by"], row["entered_by"]) if id is not None}
        if owner not in lines:
            lines[owner] = (
                Line(owner, frozenset(), frozenset())
                if above_all and len(sight.seats) == 1
                else await kit.organisation.line(kit.pool, asking.tenant_id, owner)
            )
        if approves(sight, lines[owner], requested_by=asked):
            keys.append("/".join(str(id) for id in (owner, row["requested_by"], row["entered_by"]) if id is not None))
    return keys
