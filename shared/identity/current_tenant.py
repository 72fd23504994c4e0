"""For which tenant this task asks the database. Row-level security shows it that tenant's rows, and no other's.

The edge sets it after authentication, the worker for each operation. Unset, the application's role sees no row.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

current_tenant: ContextVar[UUID | None] = ContextVar("current_tenant", default=None)


@contextmanager
def as_tenant(tenant_id: UUID | None) -> Iterator[None]:
    """Ask as this tenant until the block ends; None asks as nobody. Tasks begun inside keep it."""
    token = current_tenant.set(tenant_id)
    try:
        yield
    finally:
        current_tenant.reset(token)
