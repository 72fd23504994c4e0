"""Erasing again, after a restore, whom the list outside the database names. Asks nobody: it was decided then."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID, uuid5

from services.accounts.events import ErasureReason
from services.privacy.erasing import Eraser, Order
from shared.event_store.store import EventStore
from shared.identity.current_tenant import as_tenant
from shared.privacy.receipts import Receipt, list_file
from shared.privacy.vault import Vault
from shared.settings import Settings


async def erase_again(store: EventStore, settings: Settings, receipts: Sequence[Receipt]) -> int:
    """Erase these persons in the tenants that are here; how many entries were not erased yet. They are listed again."""
    vault = Vault(store.pool, Vault.master_key(settings))
    eraser = Eraser(store, vault)
    there = set(await store.tenants())
    done = 0
    for receipt in receipts:
        if receipt.tenant_id not in there:
            continue
        with as_tenant(receipt.tenant_id):
            known = (await vault.subjects(receipt.tenant_id, [receipt.subject_id])).get(receipt.subject_id)
            if known is not None and known.erased:
                continue
            done += await _erase(eraser, _order(receipt, list_file(settings)))
    return done


async def _erase(eraser: Eraser, order: Order) -> int:
    who = await eraser.find(order)
    if who is not None:
        await eraser.close(order, who)
        async for _ in eraser.texts(order, who):
            pass
        await eraser.operations(order, who)
        await eraser.files(order, who)
    ids = [order.subject_id] if who is None else list(who.ids)
    await eraser.destroy(order, ids)
    await eraser.open(order)
    return len(ids)


def _order(receipt: Receipt, path: Path) -> Order:
    reason = ErasureReason(receipt.reason) if receipt.reason in set(ErasureReason) else ErasureReason.OTHER
    return Order(
        tenant_id=receipt.tenant_id,
        subject_id=receipt.subject_id,
        reason=reason,
        requested_by=receipt.requested_by,
        operation_id=_named(receipt),
        at=receipt.at,
        list_file=path,
        kind=receipt.kind,
    )


def _named(receipt: Receipt) -> UUID:
    """What stands for the operation: the same when a restore is told twice."""
    return uuid5(receipt.tenant_id, f"erased again:{receipt.subject_id}")
