"""The sample's sales year, through the public API: the plan down to the branches, this month's split, who confirmed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from services.demo.client import Client, Sent
from services.demo.names import REGIONS
from services.demo.organisation import branches

GROWTH = "0.10"
MEASURES = ("orders", "deliveries")


async def sales_year(
    client: Client,
    units: Mapping[str, UUID],
    tokens: Mapping[str, str],
    holders: Mapping[str, Sequence[str]],
    root_token: str,
    *,
    seed: int,
    today: date,
    position: int,
) -> Sent:
    """This year's plan: the director proposes, head office approves, down to the branches; then each branch's month."""
    key = f"sample-{seed}-year"
    director = tokens["director"]
    await client.get("/v1/kpi/values", director, min_position=position, kpi="orders")  # the past is folded

    async def plan(path: str, token: str, body: dict[str, Any], version: int | None, name: str) -> Sent:
        return await client.post(path, body, token=token, key=f"{key}-{name}", version=version)

    growths = [{"measure": measure, "target": GROWTH} for measure in MEASURES]
    said = {"year": today.year, "unit_id": str(units["HQ"]), "growths": growths}
    top = await plan("/v1/plans", director, said, None, "plan")
    path = f"/v1/plans/{top.id}"
    for verb, token in (("submit", director), ("review", root_token), ("approve", root_token)):
        body = {"supports": True, "comment": "与产能相符"} if verb == "review" else {}
        top = await plan(f"{path}/{verb}", token, body, top.version, verb)
    top = await plan(f"{path}/cascade", root_token, {"spread": "last_year"}, top.version, "cascade")
    found = await client.get("/v1/plans", root_token, min_position=top.position, limit=100)
    parts = {row["unit_id"]: row for row in found["items"]}
    for region in REGIONS:
        part = parts[str(units[region.code])]
        cascade = f"/v1/plans/{part['id']}/cascade"
        top_of = await plan(cascade, root_token, {"spread": "last_year"}, part["version"], f"cascade-{region.code}")
        top = Sent(top.id, top.version, max(top.position, top_of.position))
    last = await plan(f"{path}/issue", root_token, {}, top.version, "issue")
    for branch in branches():
        head = tokens[f"{branch.code}-head"]
        await client.get("/v1/plans", head, min_position=last.position, limit=1)  # the targets are folded
        wanted = {"month": f"{today:%Y-%m}", "unit_id": str(units[branch.code])}
        split = await plan("/v1/splits", head, wanted, None, f"split-{branch.code}")
        issued = await plan(f"/v1/splits/{split.id}/issue", head, {}, split.version, f"issue-{branch.code}")
        last = Sent(last.id, last.version, max(last.position, issued.position))
    of_person = {holder[0]: tokens[name] for name, holder in holders.items()}
    asked = await client.get("/v1/confirmations", root_token, min_position=last.position, limit=200)
    for one in asked["items"]:
        if UUID(one["id"]).int % 3 and one["person_id"] in of_person:  # a third has not confirmed yet
            token = of_person[one["person_id"]]
            yes = await plan(f"/v1/confirmations/{one['id']}/confirm", token, {}, one["version"], f"yes-{one['id']}")
            last = Sent(last.id, last.version, max(last.position, yes.position))
    return last
