"""Leads of the sample, visitors of its showrooms and what channels cost, through the public API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

from services.demo.client import Client, Sent
from services.demo.names import company_name, mobile_number, person_name
from services.demo.organisation import branches

DAYS = 30
UNANSWERED = 3
"""Leads a branch has lately got and nobody has answered."""


async def from_lead(client: Client, token: str, name: str, body: dict[str, Any], key: str) -> Sent:
    """A prospect that came as a lead, answered by who looks after the account. `body` captures it."""
    on = {"on": body["on"]}
    asked = {"channel": body["channel"], "account_name": name, "contact": body["contact"], **on}
    lead = await client.post("/v1/leads", asked, token=token, key=f"{key}-lead")
    steps: tuple[tuple[str, dict[str, Any]], ...] = (
        ("claim", on),
        ("contact", {"way": "phone", "reached": True, **on}),
    )
    for verb, said in steps:
        lead = await client.post(
            f"/v1/leads/{lead.id}/{verb}", said, token=token, key=f"{key}-{verb}", version=lead.version
        )
    return await client.post(f"/v1/leads/{lead.id}/capture", body, token=token, key=key, version=lead.version)


async def showrooms(
    client: Client, units: Mapping[str, UUID], tokens: Mapping[str, str], *, seed: int, today: date
) -> Sent:
    """Each branch: visitors of the last month, what the web cost, and leads of these days. Answers the last lead."""
    chance = Random(f"{seed}:showrooms")  # noqa: S311 - a sample, no secret
    days = [today - timedelta(days=number) for number in range(DAYS, 0, -1)]
    last: Sent | None = None
    for branch in branches():
        of = {"unit_id": str(units[branch.code])}
        token = tokens[f"{branch.code}-office"]
        key = f"sample-{seed}-{branch.code}"
        counts = [{"day": day.isoformat(), "count": chance.randrange(5, 60), **of} for day in days]
        await client.post_many("/v1/visitor-counts", {"counts": counts}, token=token, key=f"{key}-visitors")
        spent = {"channel": "web", "month": f"{days[0]:%Y-%m}", "amount": f"{chance.randrange(8, 40)}000", **of}
        await client.post("/v1/spend", spent, token=token, key=f"{key}-spend")
        for number in range(UNANSWERED):
            lead = {
                "channel": chance.choice(("web", "phone", "showroom")),
                "account_name": company_name(chance, branch.city)[0],
                "contact": {"name": person_name(chance), "phone": mobile_number(chance)},
                "on": (today - timedelta(days=number)).isoformat(),
                **of,
            }
            last = await client.post("/v1/leads", lead, token=token, key=f"{key}-lead-{number}")
    assert last is not None  # there are branches
    return last
