"""Head office and the heads at their desks: company figures, annual plan, splits, forecasts, closes. Judges nothing."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from random import Random
from typing import Any

from tests.journeys.year.around import key_accounts
from tests.journeys.year.asking import VALUES
from tests.journeys.year.cast import (
    BRANCHES,
    MOVED,
    ORDER_OF_SPLITS,
    YEAR,
    branch_of,
    decides_for,
    reps_on,
)
from tests.journeys.year.paying import RULE
from tests.journeys.year.region import Region

PROPOSED_ON = date(YEAR - 1, 12, 9)
CUSTOMERS_KNOWN = 6
"""Key accounts whose whole spend is known."""


class Planning:
    """What is planned and closed, month by month. Chance says the figures people bring."""

    def __init__(self, region: Region, seed: int = 7) -> None:
        self.region = region
        self.teller = region.teller
        self.chance = Random(seed)
        self.moving = ""
        """The plan of the team that moves to another branch."""

    async def _do(self, by: str, path: str, of: str | None = None, **body: Any) -> dict[str, Any]:
        async with self.teller.gate:
            return await self.teller.tell(by, path, body, of=of)

    def _millions(self, least: int, most: int) -> str:
        """Of tenths of a million."""
        return f"{self.chance.randint(least, most) * 100_000}.00"

    # -- company figures -------------------------------------------------------------------------------------

    async def company_figures(self, month: date) -> None:
        """Sales and profit of the company, profit of the branches, what some customers spent with everybody."""
        ids, said = self.teller.ids, f"{month:%Y-%m}"
        told: list[dict[str, Any]] = [
            {"kind": "sales", "amount": self._millions(400, 900), "unit_id": ids["root"]},
            {"kind": "profit", "amount": self._millions(-20, 90), "unit_id": ids["root"]},
            *({"kind": "profit", "amount": self._millions(-10, 40), "unit_id": ids[branch]} for branch in BRANCHES),
            *(
                {
                    "kind": "customer_total",
                    "amount": self._millions(10, 80),
                    "account_id": ids[account],
                }
                for _, account in key_accounts()[:CUSTOMERS_KNOWN]
            ),
        ]
        await asyncio.gather(
            *(self._do("office", "/v1/company-figures", period=said, currency="CNY", **one) for one in told)
        )

    # -- the annual plan -------------------------------------------------------------------------------------

    async def rules(self) -> None:
        """What the sales of representatives are paid."""
        await self._do("office", "/v1/commission-rules", **RULE)

    async def annual_plan(self) -> None:
        """Proposed from last year, returned once, approved, divided in three steps, in force."""
        on = PROPOSED_ON.isoformat()
        growths = [
            {"measure": name, "target": "4.0", "stretch": "5.0"} for name in ("orders", "deliveries", "reported")
        ]
        rows = [
            {"month": f"{YEAR}-{month:02d}", "measure": "leads", "target": str(20 + month % 5)}
            for month in range(1, 13)
        ]
        made = await self._do("chief", "/v1/plans", year=YEAR, on=on, growths=growths, rows=rows)
        self.teller.ids["plan"], self.teller.versions["plan"] = made["id"], made["version"]
        path = f"/v1/plans/{made['id']}"
        await self._do("chief", f"{path}/submit", of="plan", on=on)
        await self._do("office", f"{path}/review", of="plan", on=on, supports=False, comment="二季度偏低")
        await self._do("office", f"{path}/return", of="plan", on=on, comment="请复核二季度")
        shown = await self.teller.read("chief", path)
        revised = [
            {name: value for name, value in row.items() if value is not None} for row in shown["standing"]["rows"]
        ]
        for row in revised:
            row["month"] = row["month"][:7]
            if row["month"] == f"{YEAR}-05" and row["measure"] == "orders":
                row["target"] = row["stretch"] = "66"
        await self._do("chief", f"{path}/revise", of="plan", on=on, rows=revised)
        await self._do("chief", f"{path}/submit", of="plan", on=on)
        await self._do("office", f"{path}/review", of="plan", on=on, supports=True)
        await self._do("office", f"{path}/approve", of="plan", on=on)
        await self._do("office", f"{path}/cascade", of="plan", on=on, spread="even")
        listed = await self.teller.read("office", "/v1/plans", {"year": YEAR})
        region = next(plan for plan in listed["items"] if plan["unit_id"] == self.teller.ids["R"])
        await self._do("region", f"/v1/plans/{region['id']}/cascade", of="plan R", on=on, spread="last_year")
        listed = await self.teller.read("office", "/v1/plans", {"year": YEAR})
        shanghai = next(plan for plan in listed["items"] if plan["unit_id"] == self.teller.ids["H"])
        await self._do("head H", f"/v1/plans/{shanghai['id']}/cascade", of="plan H", on=on, spread="even")
        listed = await self.teller.read("office", "/v1/plans", {"year": YEAR})
        self.moving = next(plan["id"] for plan in listed["items"] if plan["unit_id"] == self.teller.ids[MOVED])
        await self._do("office", f"{path}/issue", of="plan", on=(PROPOSED_ON + timedelta(days=7)).isoformat())

    # -- the month -------------------------------------------------------------------------------------------

    async def split(self, month: date) -> None:
        """Each branch and team splits its month; everybody confirms, somebody objects first."""
        said, on = f"{month:%Y-%m}", month.isoformat()
        head = f"head {branch_of(MOVED, month)}"
        while not await self.teller.sees(head, f"/v1/plans/{self.moving}"):
            await asyncio.sleep(0.2)  # sight follows the organisation within five seconds
        for units in (ORDER_OF_SPLITS[:3], ORDER_OF_SPLITS[3:]):
            await self._targets_shown(on)
            await asyncio.gather(*(self._split(unit, said, on) for unit in units))
        await self._confirm(month, said, on)

    async def _targets_shown(self, on: str) -> None:
        """What was planned is in the views that a split begins from."""
        await self.teller.read("office", VALUES, {"kpi": "attainment_orders", "from": on, "to": on})

    async def _split(self, unit: str, month: str, on: str) -> None:
        head = f"head {branch_of(unit, date.fromisoformat(on))}"
        made = await self._do(head, "/v1/splits", month=month, unit_id=self.teller.ids[unit], on=on)
        key = f"split {unit} {month}"
        self.teller.versions[key] = made["version"]
        await self._do(head, f"/v1/splits/{made['id']}/issue", of=key, on=on)

    async def _confirm(self, month: date, said: str, on: str) -> None:
        names = {self.teller.ids[rep]: rep for rep in reps_on(month)}
        listed = await self.teller.read("office", "/v1/confirmations", {"month": said, "limit": 100})
        objects = self.chance.choice(sorted(names.values()))
        waits = self.chance.choice([name for name in sorted(names.values()) if name != objects])

        async def confirm(one: dict[str, Any]) -> None:
            rep = names[one["person_id"]]
            key, path = f"confirmation {one['id']}", f"/v1/confirmations/{one['id']}"
            self.teller.versions[key] = one.get("version", 1)
            if rep == objects:
                wanted = [{"measure": "orders", "target": "1"}]
                await self._do(rep, f"{path}/object", of=key, on=on, objection="两周培训", wanted=wanted)
                head = decides_for(rep, month)
                await self._do(head, f"{path}/answer", of=key, on=on, verdict="kept", answer="培训已计入")
            if rep != waits:
                await self._do(rep, f"{path}/confirm", of=key, on=on)

        await asyncio.gather(*(confirm(one) for one in listed["items"] if one["person_id"] in names))

    async def forecast(self, month: date) -> None:
        """Each representative's call on the fifth; some heads expect something else."""
        said, on = f"{month:%Y-%m}", (month + timedelta(days=4)).isoformat()
        calls = [(rep, self.chance.randint(0, 9), self.chance.random()) for rep in reps_on(month)]

        async def call(rep: str, units: int, doubt: float) -> None:
            lines = [{"measure": "orders", "figure": str(units)}]
            made = await self._do(rep, "/v1/forecasts", month=said, lines=lines, on=on)
            key = f"forecast {rep} {said}"
            self.teller.versions[key] = made["version"]
            if doubt < 0.3:
                less = [{"measure": "orders", "figure": str(max(0, units - 2))}]
                head = decides_for(rep, month)
                await self._do(head, f"/v1/forecasts/{made['id']}/adjust", of=key, on=on, lines=less, reason="招标延期")

        await asyncio.gather(*(call(*one) for one in calls))

    async def close(self, month: date) -> int:
        """The month is closed; the position that makes its official figures."""
        receipt = await self._do("office", f"/v1/months/{month:%Y-%m}/close")
        return int(receipt["position"])
