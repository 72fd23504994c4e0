"""What a tenant is told by the operator."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from services.accounts.tenant import Tenant

OPENED = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_tenant_is_suspended_and_resumed_and_repeating_says_nothing() -> None:
    tenant = Tenant.open(uuid4(), name="集团", zone="Asia/Shanghai", currency="CNY", at=OPENED)
    assert tenant.public_standing().get("status") in (None, "open")
    tenant.resume(at=OPENED)
    for _ in range(2):
        tenant.suspend("unpaid", at=OPENED + timedelta(days=1))
    assert tenant.public_standing()["status"] == "suspended"
    for _ in range(2):
        tenant.resume(at=OPENED + timedelta(days=2))
    assert tenant.public_standing().get("status") in (None, "open")
    assert [type(fact).__name__ for fact in tenant.collect_events()] == [
        "TenantOpened",
        "TenantSuspended",
        "TenantResumed",
    ]
