"""The rules a tenant has published, as commands need them: remembered for a moment, read anew before a no."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID
from weakref import WeakKeyDictionary

from services.opportunities.policies.approval_policy import ApprovalPolicies, ApprovalPolicy
from services.opportunities.policies.level_policy import LevelPolicies, LevelPolicy, policies_id, tenant_policy
from services.opportunities.policies.reason_catalogue import ReasonCatalogue, ReasonCatalogues, catalogues_id, in_force
from shared.http.kit import Kit

REMEMBERED_SECONDS = 2.0
"""What another process published is seen after at most this; a refusal is always decided on what the log says."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a tenant has published. Null streams: nothing yet, the shipped rules hold."""

    level_policies: LevelPolicies | None
    reason_catalogues: ReasonCatalogues | None
    approval_policies: ApprovalPolicies | None
    # By day: nearly every command asks for today. No longer kept than the rules themselves.
    _levels: dict[date, Sequence[str]] = field(default_factory=dict, compare=False, repr=False)
    _approvals: dict[date, ApprovalPolicy] = field(default_factory=dict, compare=False, repr=False)

    def policy(self, day: date) -> LevelPolicy:
        return tenant_policy(self.level_policies, day)

    def levels(self, day: date) -> Sequence[str]:
        """The codes a prospect can be judged to on a day."""
        found = self._levels.get(day)
        if found is None:
            found = self._levels[day] = self.policy(day).codes
        return found

    def catalogue(self, day: date) -> ReasonCatalogue:
        return in_force(self.reason_catalogues, day)

    def approval(self, day: date) -> ApprovalPolicy:
        found = self._approvals.get(day)
        if found is None:
            found = self._approvals[day] = ApprovalPolicies.on(self.approval_policies, day)
        return found


_remembered: WeakKeyDictionary[Kit, dict[UUID, tuple[float, Rules]]] = WeakKeyDictionary()


async def rules_in_force(kit: Kit, tenant_id: UUID, *, anew: bool = False) -> Rules:
    """The tenant's rules. `anew`: as the log says now."""
    known = _remembered.setdefault(kit, {})
    now = asyncio.get_running_loop().time()
    until, rules = known.get(tenant_id, (0.0, None))
    if rules is None or anew or until < now:
        rules = Rules(
            await kit.repository(LevelPolicies).load(tenant_id, policies_id(tenant_id)),
            await kit.repository(ReasonCatalogues).load(tenant_id, catalogues_id(tenant_id)),
            await kit.repository(ApprovalPolicies).load(tenant_id, ApprovalPolicies.id_of(tenant_id)),
        )
        if len(known) > 10_000:
            known.clear()
        known[tenant_id] = (now + REMEMBERED_SECONDS, rules)
    return rules


def forget_rules(kit: Kit, tenant_id: UUID) -> None:
    """Something was published."""
    _remembered.get(kit, {}).pop(tenant_id, None)
