"""Loads the sample through the public API, each command with the token of the person who would send it.

Every command has a key made from the seed: loading again after an interruption repeats nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

from rich.progress import Progress, TaskID

from services.demo.client import Client, Sent
from services.demo.leads import from_lead, showrooms
from services.demo.money import money
from services.demo.names import MODELS, REGIONS, company_name, credit_code, mobile_number, person_name
from services.demo.organisation import AWAY, KEY_ACCOUNTS, STANDS_IN, Organisation, Post, branches, organisation
from services.demo.story import MONTHS_OF_HISTORY, Step, prospect
from services.demo.year import sales_year

ACCOUNTS = 240
"""Accounts of the sample at scale 1."""
PROSPECTS_AN_ACCOUNT = (1, 2, 3, 4, 5, 6)
PROSPECTS_WEIGHTS = (4, 5, 4, 3, 2, 1)
STAND_IN_DAYS = 60
FROM_LEADS = 0.3
"""So many of the prospects came as a lead."""
AT_ONCE = 24
"""Commands under way together."""
LAYERS = (("figurehead", "董事长"), ("decision", "总经理"), ("implementation", "采购部长"), ("use", "车队队长"))
PURPOSES = ("develop", "push_forward", "paperwork", "manage")
WAYS = ("on_site", "on_site", "phone", "meeting", "showroom", "messenger")
OBJECTIONS = ("price", "delivery_time", "payment", "after_sales", "specification")

Mint = Callable[[UUID, tuple[str, ...], UUID], str]
"""Makes a development token of (person, functions, unit)."""


@dataclass(slots=True)
class Loaded:
    """Ids and tokens of what was loaded; `holders` is [person id, unit id, functions…] of each token."""

    units: dict[str, UUID] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    holders: dict[str, list[str]] = field(default_factory=dict)
    last_position: int = 0

    def saw(self, sent: Sent) -> Sent:
        self.last_position = max(self.last_position, sent.position)
        return sent


@dataclass(frozen=True, slots=True)
class Plan:
    """One account of the sample and who looks after it."""

    number: int
    branch: str
    city: str
    owner: Post
    chance: Random


class Loader:
    """Loads one sample. `today` is the last day anything happens on."""

    def __init__(self, client: Client, *, root_token: str, mint: Mint, seed: int, scale: float, today: date) -> None:
        self._client = client
        self._root_token = root_token
        self._mint = mint
        self._seed = seed
        self._scale = scale
        self._today = today
        self._begin = today - timedelta(days=(MONTHS_OF_HISTORY + 1) * 30)
        self.loaded = Loaded()

    async def load(self, progress: Progress) -> Loaded:
        """Units, people, products, then each account with all its prospects."""
        people = organisation(Random(f"{self._seed}:people"))  # noqa: S311 - a sample, no secret
        await self._organise(people, progress)
        plans = self._plans(people)
        task = progress.add_task("客户与商机 accounts and prospects", total=len(plans))
        await _in_turn((self._account(plan, progress, task) for plan in plans), AT_ONCE)
        self.loaded.saw(
            await showrooms(self._client, self.loaded.units, self.loaded.tokens, seed=self._seed, today=self._today)
        )
        await self._appoint()
        loaded = self.loaded
        task = progress.add_task("年度计划与月度分解 plans and targets", total=1)
        loaded.saw(
            await sales_year(
                self._client,
                loaded.units,
                loaded.tokens,
                loaded.holders,
                self._root_token,
                seed=self._seed,
                today=self._today,
                position=loaded.last_position,
            )
        )
        progress.advance(task)
        return loaded

    # -- the organisation ----------------------------------------------------------------------------

    async def _organise(self, people: Organisation, progress: Progress) -> None:
        me = await self._client.get("/v1/me", self._root_token)
        self.loaded.units["HQ"] = UUID(me["unit_id"])
        task = progress.add_task("组织与产品 organisation and products", total=len(people.posts) + len(MODELS))
        for region in REGIONS:
            await self._unit(region.code, region.name, "region", "HQ")
            for branch in region.branches:
                await self._unit(branch.code, branch.name, "branch", region.code)
        await self._unit(KEY_ACCOUNTS, "总部大客户部", "department", "HQ")
        for post in people.posts:
            await self._person(post)
            progress.advance(task)
        for model in MODELS:
            product = {"code": model.code, "name": model.name, "list_price": str(model.price_yuan), "currency": "CNY"}
            await self._client.post(
                "/v1/products", product, token=self._root_token, key=self._key(f"product-{model.code}")
            )
            progress.advance(task)
        # who sees and approves is known by the views: go on when they show everybody
        await self._client.get("/v1/opportunities", self._root_token, min_position=self.loaded.last_position, limit=1)

    async def _unit(self, code: str, name: str, kind: str, parent: str) -> None:
        body = {"code": code, "name": name, "kind": kind, "parent_id": str(self.loaded.units[parent])}
        self.loaded.units[code] = (await self._as_root("/v1/units", body, f"unit-{code}")).id

    async def _person(self, post: Post) -> None:
        unit_id = self.loaded.units[post.unit]
        body = {"name": post.name, "functions": list(post.functions), "unit_id": str(unit_id)}
        sent = await self._as_root("/v1/people", body, f"person-{post.key}")
        if post.posted_to is not None:
            unit_id = self.loaded.units[post.posted_to]
            path, key = f"/v1/people/{sent.id}/post-to", f"posted-{post.key}"
            await self._as_root(path, {"unit_id": str(unit_id)}, key, version=sent.version)
        self.loaded.holders[post.key] = [str(sent.id), str(unit_id), *post.functions]
        self.loaded.tokens[post.key] = self._mint(sent.id, post.functions, unit_id)

    async def _appoint(self) -> None:
        """A head is away, and somebody stands in."""
        (away, *_), (deputy, *_) = self.loaded.holders[AWAY], self.loaded.holders[STANDS_IN]
        body = {"deputy_id": deputy, "until": (self._today + timedelta(days=STAND_IN_DAYS)).isoformat()}
        path, token = f"/v1/people/{away}/appoint-deputy", self.loaded.tokens[AWAY]
        self.loaded.saw(await self._client.post(path, body, token=token, key=self._key("deputy"), version=1))

    async def _as_root(self, path: str, body: dict[str, Any], key: str, version: int | None = None) -> Sent:
        body = {**body, "on": self._begin.isoformat()}
        return self.loaded.saw(
            await self._client.post(path, body, token=self._root_token, key=self._key(key), version=version)
        )

    # -- accounts and prospects ------------------------------------------------------------------------

    def _plans(self, people: Organisation) -> list[Plan]:
        places = branches()
        plans = []
        for number in range(max(1, round(ACCOUNTS * self._scale))):
            chance = Random(f"{self._seed}:account:{number}")  # noqa: S311 - a sample, no secret
            branch = chance.choice(places)
            owner = chance.choice(people.representatives[branch.code])
            plans.append(Plan(number, branch.code, branch.city, owner, chance))
        return plans

    async def _account(self, plan: Plan, progress: Progress, task: TaskID) -> None:
        chance = plan.chance
        name, trade = company_name(chance, plan.city)
        token = self.loaded.tokens[plan.owner.key]
        body = {
            "name": f"{name}" if plan.number < ACCOUNTS else f"{name}（{plan.number}）",
            "kinds": [chance.choice(("industry", "regional", "national"))],
            "sector": trade,
            "credit_code": credit_code(chance),
            "city": plan.city,
            "fleet_units": chance.randrange(5, 600),
            "on": self._begin.isoformat(),
        }
        key = f"account-{plan.number}"
        account = self.loaded.saw(await self._client.post("/v1/accounts", body, token=token, key=self._key(key)))
        version = account.version
        persons: list[UUID] = []
        for layer, post in chance.sample(LAYERS, k=chance.randrange(1, 4)):
            person = {
                "name": person_name(chance),
                "phone": mobile_number(chance),
                "layer": layer,
                "post": post,
                "on": self._begin.isoformat(),
            }
            sent = self.loaded.saw(
                await self._client.post(
                    f"/v1/accounts/{account.id}/add-key-person",
                    person,
                    token=token,
                    key=self._key(f"{key}-{layer}"),
                    version=version,
                )
            )
            version = sent.version
            persons.append(sent.id)
        for turn in range(chance.choices(PROSPECTS_AN_ACCOUNT, weights=PROSPECTS_WEIGHTS)[0]):
            await self._prospect(plan, account.id, name, f"prospect-{plan.number}-{turn}")
        progress.advance(task)

    async def _prospect(self, plan: Plan, account_id: UUID, name: str, key: str) -> None:
        opportunity: Sent | None = None
        invoice: Sent | None = None
        for number, step in enumerate(prospect(plan.chance, self._today)):
            said = f"{key}-{number}"
            if opportunity is not None and step.verb in ("invoice", "receipt"):
                finance = self.loaded.tokens["finance"]
                paid = await money(self._client, finance, account_id, opportunity.id, invoice, step, self._key(said))
                invoice = self.loaded.saw(paid)
                continue
            opportunity = self.loaded.saw(await self._step(plan, account_id, name, opportunity, step, said))

    async def _step(
        self, plan: Plan, account_id: UUID, name: str, opportunity: Sent | None, step: Step, key: str
    ) -> Sent:
        on = step.on.isoformat()
        token = self.loaded.tokens[plan.owner.key]
        if opportunity is None:
            body = {
                **step.body,
                "account_id": str(account_id),
                "title": f"{name} {step.on.year} 年采购",
                "on": on,
                "contact": {"name": person_name(plan.chance), "phone": mobile_number(plan.chance)},
                "duplicate": "intended",
                "duplicate_reason": "分批采购",
            }
            if plan.chance.random() < FROM_LEADS:
                return await from_lead(self._client, token, name, body, self._key(key))
            return await self._client.post("/v1/opportunities", body, token=token, key=self._key(key))
        if step.verb == "visit":
            return await self._visit(plan, account_id, opportunity, step, key)
        if step.verb.startswith(("approve", "reject")):
            line = KEY_ACCOUNTS if plan.owner.unit == KEY_ACCOUNTS else plan.branch  # place of work approves nothing
            token = self.loaded.tokens[f"{line}-head"]
        return await self._client.post(
            f"/v1/opportunities/{opportunity.id}/{step.verb}",
            {**step.body, "on": on, **self._intended(step)},
            token=token,
            key=self._key(key),
            version=opportunity.version,
        )

    @staticmethod
    def _intended(step: Step) -> dict[str, str]:
        again = step.verb in ("resume", "reopen")
        return {"duplicate": "intended", "duplicate_reason": "分批采购"} if again else {}

    async def _visit(self, plan: Plan, account_id: UUID, opportunity: Sent, step: Step, key: str) -> Sent:
        """A visit that carries the judgement; answers the opportunity as it stands after it."""
        chance = plan.chance
        body = {
            "account_id": str(account_id),
            "opportunity_ids": [str(opportunity.id)],
            "purpose": chance.choice(PURPOSES),
            "way": chance.choice(WAYS),
            "on": step.on.isoformat(),
            "objections": chance.sample(OBJECTIONS, k=chance.randrange(0, 3)),
            "narrative": "与采购部确认配置与交期，约定下次报价。",
            "next_step": "提交报价方案",
            "next_on": (step.on + timedelta(days=chance.randrange(3, 15))).isoformat(),
            "judgements": [{"opportunity_id": str(opportunity.id), **step.body}],
        }
        token = self.loaded.tokens[plan.owner.key]
        sent = await self._client.post("/v1/visits/log", body, token=token, key=self._key(key))
        return Sent(opportunity.id, opportunity.version + 1, sent.position)  # one judgement, unless it changed nothing

    def _key(self, name: str) -> str:
        return f"sample-{self._seed}-{name}"


async def _in_turn(work: Iterable[Awaitable[None]], at_once: int) -> None:
    """Run all, so many together; the first fault ends it."""
    gate = asyncio.Semaphore(at_once)

    async def one(job: Awaitable[None]) -> None:
        async with gate:
            await job

    async with asyncio.TaskGroup() as group:
        for job in work:
            group.create_task(one(job))
