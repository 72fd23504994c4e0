"""What the sample's customers are charged and pay, through the public API. Knows no prospect's story."""

from __future__ import annotations

from uuid import UUID

from services.demo.client import Client, Sent
from services.demo.story import Step


async def money(
    client: Client, token: str, account_id: UUID, opportunity_id: UUID, invoice: Sent | None, step: Step, key: str
) -> Sent:
    """An invoice of an order, or money received and the invoice it pays; answers the invoice."""
    on = {"on": step.on.isoformat()}
    if step.verb == "invoice":
        body = {**step.body, **on, "opportunity_id": str(opportunity_id), "number": key[-40:]}
        return await client.post("/v1/invoices", body, token=token, key=key)
    assert invoice is not None  # it is charged before it is paid
    body = {**step.body, **on, "account_id": str(account_id), "currency": "CNY", "bank_reference": f"ICBC-{key[-40:]}"}
    receipt = await client.post("/v1/receipts", body, token=token, key=key)
    pays = {"invoices": [{"invoice_id": str(invoice.id), "amount": step.body["amount"]}], **on}
    path = f"/v1/receipts/{receipt.id}/allocate"
    allocated = await client.post(path, pays, token=token, key=f"{key}-allocated", version=receipt.version)
    return Sent(invoice.id, invoice.version, allocated.position)
