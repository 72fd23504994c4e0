"""One open prospect per account and product: the claim it holds while it is open. Records no fact.

The claim makes two captures of the same prospect impossible however fast they follow each other. It is released when
the prospect leaves the open stock, and goes over to a new one when its holder was captured too long ago.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.opportunities.events import Status
from services.opportunities.opportunity.commands.prospects import OpenProspect
from services.opportunities.opportunity.prospect import Prospect
from services.opportunities.opportunity.routes import serials
from shared.event_store.command import Claim
from shared.event_store.stream import Refused

SCOPE = "open_prospect"

HOLDERS = """
select c.key, c.stream_id, e.occurred_at, e.data ->> 'owner_id' as owner_id
  from es.claims c
  join es.events e on e.tenant_id = c.tenant_id and e.stream_id = c.stream_id and e.version = 1
 where c.tenant_id = $1 and c.scope = $2 and c.key = any($3::text[])
"""


@dataclass(frozen=True, slots=True)
class Holder:
    """The open prospect that holds an account and product."""

    opportunity_id: UUID
    owner_id: UUID
    captured_at: datetime


def held(prospect: Prospect) -> frozenset[str]:
    """The keys a prospect holds as it stands."""
    standing = prospect.standing
    account = standing.get("account_id")
    if account is None or standing.get("status") != Status.OPEN:
        return frozenset()
    return frozenset(f"{account}:{line.product}" for line in standing.get("lines", ()))


@dataclass(slots=True)
class Moves:
    """The claims one command takes and releases, made up anew each time it is decided."""

    claims: list[Claim] = field(default_factory=list)
    releases: list[Claim] = field(default_factory=list)

    def clear(self) -> None:
        self.claims.clear()
        self.releases.clear()

    async def settle(
        self,
        pool: Any,
        tenant_id: UUID,
        prospect: Prospect,
        before: Collection[str],
        *,
        at: datetime,
        days: int,
        opening: OpenProspect | None,
    ) -> None:
        """Take what the prospect came to hold and release what it no longer does.

        `opening`: the command that puts it into the open stock; without one a key another holds is left to it.
        Raises Refused 409 `duplicate_prospect`, naming the holder.
        """
        now = held(prospect)
        self.releases += [Claim(SCOPE, key, prospect.id) for key in sorted(frozenset(before) - now)]
        wanted = sorted(now - frozenset(before))
        if not wanted:
            return
        holders = await _holders(pool, tenant_id, wanted)
        for key in wanted:
            holder = holders.get(key)
            if holder is None or holder.opportunity_id == prospect.id:
                self.claims.append(Claim(SCOPE, key, prospect.id))
            elif holder.captured_at < at - timedelta(days=days):
                self.releases.append(Claim(SCOPE, key, holder.opportunity_id))
                self.claims.append(Claim(SCOPE, key, prospect.id))
            elif opening is not None and opening.duplicate == "refuse":
                raise duplicate(prospect, key, holder)


async def _holders(pool: Any, tenant_id: UUID, keys: Sequence[str]) -> Mapping[str, Holder]:
    rows = await pool.fetch(HOLDERS, tenant_id, SCOPE, keys)
    return {
        row["key"]: Holder(UUID(bytes=row["stream_id"].bytes), UUID(row["owner_id"]), row["occurred_at"])
        for row in rows
    }


class Duplicate(Refused):
    """The no that names the holder; to who does not see it only the unit to ask."""

    def __init__(self, pointer: str, product: str, holder: Holder) -> None:
        super().__init__(
            "duplicate_prospect",
            f"{product} is an open prospect of this account already: {holder.opportunity_id}",
            pointer=pointer,
            product=product,
            holder=str(holder.opportunity_id),
            owner_id=str(holder.owner_id),
            captured_at=holder.captured_at.isoformat(),
        )
        self.holder = holder

    def out_of_sight(self, unit_id: UUID) -> Refused:
        """The same no without whose and which it is."""
        product = self.params["product"]
        return Refused(
            self.code,
            f"{product} is an open prospect of this account already, in another unit",
            pointer=self.pointer,
            product=product,
            unit_id=str(unit_id),
        )


def duplicate(prospect: Prospect, key: str, holder: Holder) -> Duplicate:
    """The no about this key."""
    product = key.partition(":")[2]
    lines = prospect.standing.get("lines", ())
    index = next((index for index, line in enumerate(lines) if line.product == product), 0)
    return Duplicate(f"/lines/{index}/product", product, holder)


def taken(claim: Claim) -> Refused:
    """The same no when another command was faster; who may know which it is finds it when asking again."""
    if claim.scope == serials.SCOPE:
        return serials.taken(claim)
    product = claim.key.partition(":")[2]
    return Refused(
        "duplicate_prospect",
        f"{product} is an open prospect of this account already",
        pointer="/lines",
        product=product,
    )
