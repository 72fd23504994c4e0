"""The operation `erasure`: a person erased, resumable at any point. Decides nothing; who may is asked before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from services.accounts.events import ErasureReason
from services.privacy.erasing import FIRST, Eraser, NotListed, Order, Who
from shared.identity.principal import SEES_EVERYTHING
from shared.jobs import Failed, Handler, Running
from shared.privacy.receipts import list_file
from shared.privacy.vault import Vault

KIND = "erasure"


async def erase_person(running: Running) -> Mapping[str, Any]:
    """Erase one person and the other entries that surely are the same; says which, ids only.

    Going on after a kill: `checkpoint` holds who (ids) and how far the texts are; once `texts` is over, the rest is
    repeated whole.
    """
    resources = running.resources
    if resources is None:
        raise Failed("this worker has no event store")
    said = running.parameters
    order = Order(
        tenant_id=running.tenant_id,
        subject_id=UUID(said["subject_id"]),
        reason=ErasureReason(said["reason"]),
        requested_by=running.principal_id,
        operation_id=running.operation_id,
        at=datetime.fromisoformat(said["at"]),
        list_file=list_file(resources.settings),
    )
    vault = Vault(resources.store.pool, Vault.master_key(resources.settings))
    eraser = Eraser(resources.store, vault)
    dry_run = bool(said.get("dry_run"))
    state: dict[str, Any] = dict(running.checkpoint or {"after": str(FIRST), "texts": 0})
    if "ids" not in state:
        found = await eraser.find(order)
        if found is None:
            raise Failed("not_found")
        state |= {"ids": [str(id) for id in found.ids], "perhaps": [str(id) for id in found.perhaps]}
    ids = [UUID(id) for id in state["ids"]]
    subjects = await vault.subjects(order.tenant_id, ids)
    who = Who(tuple(subjects[id] for id in ids if id in subjects), ())
    if not dry_run:
        await eraser.close(order, who)
    await running.progress(running.done, checkpoint=state)
    if "changed" not in state:
        async for after, seen, changed in eraser.texts(order, who, after=UUID(state["after"]), dry_run=dry_run):
            state |= {"after": str(after), "texts": state["texts"] + changed}
            await running.progress(running.done + seen, checkpoint=state)
        if not dry_run:
            state |= {"changed": await eraser.operations(order, who), "files": await eraser.files(order, who)}
            await running.progress(running.done, checkpoint=state)
    if "attachments" not in state:
        state["attachments"] = await eraser.attachments(order, who)
        await running.progress(running.done, checkpoint=state)
    if not dry_run:
        try:
            await eraser.destroy(order, ids)
        except NotListed as error:
            raise Failed("erasures_not_listed") from error
        await eraser.open(order)
    # who sees no customers is not told who else may be, nor, by a name made for it, how often texts hold a word
    told = not SEES_EVERYTHING.isdisjoint(running.principal.get("functions", ()))
    return {
        "dry_run": dry_run,
        "erased": [] if dry_run else state["ids"],
        "same": state["ids"],
        "perhaps": state["perhaps"] if told else [],
        "texts": state["texts"] if told else None,
        "operations": state.get("changed", 0),
        "files": state.get("files", 0),
        "attachments": state["attachments"],
    }


OPERATIONS: Mapping[str, Handler] = {KIND: erase_person}
