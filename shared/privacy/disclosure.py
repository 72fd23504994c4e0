"""What one request was shown of customers' persons: noted where the vault is read, written before the answer leaves.

The edge puts a `Disclosure` around every request, so that no route can forget it. Ids and names of fields, no values.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from shared.identity.principal import Principal

SHOWN, REVEALED, EXPORTED, FOUND = "shown", "revealed", "exported", "found"

WRITE = """
insert into privacy.reads
       (tenant_id, actor, on_behalf_of, viewer, machine, action, subjects, fields, route, purpose, trace)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""


class Disclosure:
    """One request's notes. `allowed`: whether its credential is good for personal data of customers; the edge says."""

    __slots__ = ("_noted", "action", "allowed", "purpose")

    def __init__(self, *, allowed: bool = False) -> None:
        self.allowed = allowed
        self.action = SHOWN
        self.purpose: str | None = None
        self._noted: dict[UUID, set[str]] = {}

    def note(self, subject_id: UUID, field: str) -> bool:
        """Note that a field is shown; False when it must not be."""
        if not self.allowed:
            return False
        self._noted.setdefault(subject_id, set()).add(field)
        return True

    @property
    def pending(self) -> bool:
        """Whether something was noted that is not written yet."""
        return bool(self._noted)

    async def write(self, pool: Any, principal: Principal, *, route: str, trace: str | None) -> None:
        """Write one row for all that was noted. Raises what the database raises: then nothing may be sent."""
        noted, self._noted = self._noted, {}
        await record(
            pool,
            principal,
            action=self.action,
            subjects=sorted(noted),
            fields=sorted(set().union(*noted.values())),
            route=route,
            purpose=self.purpose,
            trace=trace,
        )


async def record(
    pool: Any,
    principal: Principal,
    *,
    action: str,
    subjects: list[UUID],
    fields: list[str],
    route: str,
    purpose: str | None = None,
    trace: str | None = None,
) -> None:
    """One row of the read audit."""
    await pool.execute(
        WRITE,
        principal.tenant_id,
        principal.person_id,
        principal.on_behalf_of,
        principal.viewer_id,
        principal.machine,
        action,
        subjects,
        fields,
        route,
        purpose,
        trace,
    )


disclosure: ContextVar[Disclosure | None] = ContextVar("disclosure", default=None)
"""Of the request this task serves; None outside requests: a job shows nothing."""
