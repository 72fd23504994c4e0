"""To whom a lead goes when it comes in, by the published rules: deterministic, and recorded. Decides no rule itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from services.opportunities.leads.lead import Lead
from services.opportunities.leads.policy import (
    LeadPolicies,
    LeadPolicy,
    LeadRota,
    lead_policies_id,
    lead_policy_on,
    rota_id,
)
from services.opportunities.routes.references import known
from services.opportunities.views.people import PEOPLE
from services.opportunities.views.units import UNITS
from shared.http.commands import Work
from shared.http.context import CommandContext
from shared.http.kit import Kit
from shared.identity.principal import BRANCH_MANAGER, DEPARTMENT_HEAD, REGIONAL_MANAGER

HEADS = (DEPARTMENT_HEAD, BRANCH_MANAGER, REGIONAL_MANAGER)
"""Who is the head of a unit, the first of these that works there."""

# From a unit up to the root, nearest first. A circle told from two sides ends at the longest path.
PATH = f"""
with recursive path as (
    select $2::uuid as unit_id, 0 as distance
    union all
    select u.parent_id, path.distance + 1
      from path join {UNITS.table} u on u.tenant_id = $1 and u.stream_id = path.unit_id and u.to_at is null
     where u.parent_id is not null and path.distance < 30
)
select unit_id from path order by distance
"""  # noqa: S608 - the view's own table
HEAD = f"""
select p.stream_id, p.unit_id
  from unnest($2::uuid[]) with ordinality as path(unit_id, distance)
  join {PEOPLE.table} p on p.tenant_id = $1 and p.unit_id = path.unit_id and p.to_at is null
 cross join unnest($3::text[]) with ordinality as head(function, rank)
 where p.status = 'active' and head.function = any(p.functions)
 order by path.distance, head.rank, p.stream_id
 limit 1
"""  # noqa: S608 - the view's own table


async def policy_of(kit: Kit, tenant_id: UUID, day: date) -> LeadPolicy:
    """The lead policy in force on a day, as the log says now."""
    published: LeadPolicies | None = await kit.repository(LeadPolicies).load(tenant_id, lead_policies_id(tenant_id))
    return lead_policy_on(published, day)


async def path_of(kit: Kit, tenant_id: UUID, unit_id: UUID) -> Sequence[UUID]:
    """The unit and those above it, nearest first."""
    rows = await kit.pool.fetch(PATH, tenant_id, unit_id)
    return [UUID(bytes=row["unit_id"].bytes) for row in rows]


async def assign_by_rule(ctx: CommandContext, work: Work, lead: Lead, policy: LeadPolicy, path: Sequence[UUID]) -> None:
    """Assign a lead that just came in; it stays nobody's without a rule, or when nobody of the rule works here."""
    rule = policy.rule_for(lead.standing["channel"], path)
    if rule is None or rule.assign == "nobody":
        return
    if rule.assign == "head":
        row = await ctx.kit.pool.fetchrow(HEAD, ctx.tenant_id, list(path), list(HEADS))
        if row is not None:
            owner, unit = UUID(bytes=row["stream_id"].bytes), UUID(bytes=row["unit_id"].bytes)
            lead.assign_by_rule(owner, unit, rule=rule.code, policy_version=policy.version)
        return
    found = await known(ctx.kit.pool, ctx.tenant_id, rule.persons)
    persons = [
        person
        for person in rule.persons
        if person in found and found[person].stream_type == "person" and found[person].status != "left"
    ]
    if not persons:
        return
    rota: LeadRota | None = await ctx.kit.repository(LeadRota).load(ctx.tenant_id, rota_id(ctx.tenant_id, rule.code))
    taken = work.add(LeadRota.taken(rota, rule.code, lead.id, persons, tenant_id=ctx.tenant_id, at=ctx.now))
    turn = taken.standing["turns"] - 1
    owner = persons[turn % len(persons)]
    lead.assign_by_rule(
        owner, found[owner].unit_id or lead.standing["unit_id"], rule=rule.code, policy_version=policy.version
    )
