"""A serial (VIN) is delivered at most once in a tenant: the claim its opportunity holds. Records no fact."""

from __future__ import annotations

from collections.abc import Collection

from services.opportunities.opportunity.movements import serials
from services.opportunities.opportunity.prospect import Prospect
from shared.event_store.command import Claim
from shared.event_store.stream import Refused

SCOPE = "delivered_serial"


def delivered(prospect: Prospect) -> frozenset[str]:
    """The serials this opportunity has delivered, as it stands."""
    return frozenset(serials(prospect.standing, "delivered"))


def moved(prospect: Prospect, before: Collection[str]) -> tuple[list[Claim], list[Claim]]:
    """The claims taken and released since it had delivered `before`."""
    now = delivered(prospect)
    return (
        [Claim(SCOPE, serial, prospect.id) for serial in sorted(now - set(before))],
        [Claim(SCOPE, serial, prospect.id) for serial in sorted(set(before) - now)],
    )


def taken(claim: Claim) -> Refused:
    """The no about a serial that another opportunity has delivered; it does not say which."""
    return Refused("serial_taken", f"{claim.key} was delivered on another order", pointer="/units", serial=claim.key)
