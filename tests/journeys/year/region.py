"""The region comes to be, and its year is told month by month on a running installation. Judges nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from uuid import UUID

from services.accounts.events import Function
from services.tenants import opening
from shared.event_store.store import EventStore
from shared.identity.tokens import development_key, mint_token
from shared.postgres.folder import Folder
from shared.privacy.vault import Vault
from shared.settings import Settings
from tests.journeys.telling import BEGINNING
from tests.journeys.year.around import counted, leads, postings, visits
from tests.journeys.year.cast import (
    CHIEF,
    ELSEWHERE,
    FIRST_DAY,
    LEAVER,
    LEFT_ON,
    MOVED,
    MOVED_ON,
    MOVED_TO,
    PRODUCTS,
    REPS,
    STAFF,
    SUCCESSORS,
    UNIT_OF,
    UNITS,
    YEAR,
)
from tests.journeys.year.lives import KEY_EACH, Life, account_number, accounts_of, all_lives
from tests.journeys.year.scenes import all_scenes
from tests.journeys.year.steps import Track, within
from tests.journeys.year.teller import Teller
from tests.stack import Running

SEED = 20250101


async def _opened(running: Running) -> opening.Company:
    """A company of its own on the installation."""
    company = opening.Company.new("华东集团", zone="Asia/Shanghai", currency="CNY", administrator="总部", at=BEGINNING)
    company = replace(company, functions=(Function.HEAD_OFFICE, Function.DIRECTOR))
    async with await EventStore.open(Folder.within(running.data).url(), writers=1) as store:
        await opening.open_company(store, Vault(store.pool, Vault.master_key(Settings(data=running.data))), company)
    return company


@dataclass
class Region:
    """The story and who tells it."""

    teller: Teller
    tenant_id: UUID
    lives: list[Life]
    scenes: dict[str, Life]
    around: Sequence[Track]
    told_until: date = FIRST_DAY - timedelta(days=1)
    told_at: int = 0
    """The log's position when that was told."""

    @classmethod
    async def founded(cls, running: Running, seed: int = SEED) -> Region:
        """With its people, accounts and products; nothing sold yet."""
        chance = Random(seed)
        lives = all_lives(chance)
        scenes = all_scenes(chance, len(lives) + 1)
        everybody = [*lives, *scenes.values()]
        around = [*visits(chance), *leads(chance), *counted(chance), postings(chance, everybody)]
        opened = await _opened(running)
        token = mint_token(
            development_key(running.data), opened.tenant_id, opened.person_id, opened.functions, opened.root_id
        )
        region = cls(Teller(running, token), opened.tenant_id, lives, scenes, around)
        region.teller.ids |= {"office": str(opened.person_id), "root": str(opened.root_id)}
        await region._found(running)
        return region

    async def _found(self, running: Running) -> None:
        teller, day = self.teller, FIRST_DAY.isoformat()
        for code, (name, kind, above) in UNITS.items():
            body = {"code": code, "name": name, "kind": kind, "parent_id": teller.ids[above or "root"], "on": day}
            receipt = await teller.tell("office", "/v1/units", body)
            teller.ids[code] = receipt["id"]
        key = development_key(running.data)
        for member in (CHIEF, *STAFF):
            unit = teller.ids[member.unit]
            joining = {"name": member.name, "functions": [member.function], "unit_id": unit, "on": day}
            receipt = await teller.tell("office", "/v1/people", joining)
            teller.ids[member.name] = receipt["id"]
            teller.tokens[member.name] = mint_token(
                key, self.tenant_id, UUID(receipt["id"]), (member.function,), UUID(unit)
            )
        await teller.tell(
            "office",
            f"/v1/people/{teller.ids[ELSEWHERE]}/report-to",
            {"person_id": teller.ids["region"], "on": day},
            of=ELSEWHERE,
        )
        for code, price in PRODUCTS.items():
            await teller.tell(
                "office", "/v1/products", {"code": code, "name": code, "list_price": price, "currency": "CNY"}
            )
        await asyncio.gather(*(self._account(rep, account) for rep in REPS for account in accounts_of(rep)))
        await teller.read("office", "/v1/opportunities")  # the copies of people and units are there

    async def _account(self, rep: str, account: str) -> None:
        teller = self.teller
        kinds = ["key_account"] if account_number(account) < KEY_EACH else ["regional"]
        body = {"name": f"客户 {account}", "kinds": kinds, "owner_id": teller.ids[rep],
                "unit_id": teller.ids[UNIT_OF[rep]], "on": FIRST_DAY.isoformat()}  # fmt: skip
        async with teller.gate:
            receipt = await teller.tell("office", "/v1/accounts", body)
        teller.ids[account] = receipt["id"]

    # -- the year ------------------------------------------------------------------------------------------

    @property
    def tracks(self) -> list[Track]:
        return [*(life.track for life in (*self.lives, *self.scenes.values())), *self.around]

    async def tell_until(self, day: date) -> None:
        """Everything told up to this day, the great changes on theirs."""
        for on, act in ((LEFT_ON, self._hand_over), (MOVED_ON, self._reorganise)):
            if self.told_until < on <= day:
                await self._play(on - timedelta(days=1))
                await act()
        await self._play(day)

    async def _play(self, day: date) -> None:
        await self.teller.play(within(self.tracks, self.told_until + timedelta(days=1), day))
        self.told_until, self.told_at = day, self.teller.position

    async def _hand_over(self) -> None:
        """The leaver's accounts and deals go to two colleagues, and the leaver leaves."""
        teller = self.teller
        accounts = [
            {
                "account_id": teller.ids[account],
                "to": teller.ids[SUCCESSORS[account_number(account) % len(SUCCESSORS)]],
            }
            for account in accounts_of(LEAVER)
        ]
        body = {
            "from_person_id": teller.ids[LEAVER],
            "to": teller.ids[SUCCESSORS[0]],
            "accounts": accounts,
            "on": LEFT_ON.isoformat(),
            "leave": True,
            "leaving_reason": "resigned",
            "reason": "离职交接",
        }
        receipt = await teller.tell("office", "/v1/hand-overs", body)
        while True:
            shown = await teller.read("office", f"/v1/hand-overs/{receipt['id']}", waits=False)
            if shown["finished"]:
                break
            await asyncio.sleep(0.1)
        assert (shown["state"], shown["problems"], shown["person"]) == ("done", 0, True), shown
        head = await teller.read("office", "/v1/events/head", waits=False)
        teller.position = max(teller.position, head["position"])

    async def _reorganise(self) -> None:
        """A team belongs to another branch from now on."""
        await self.teller.tell(
            "office",
            f"/v1/units/{self.teller.ids[MOVED]}/move",
            {"parent_id": self.teller.ids[MOVED_TO], "on": MOVED_ON.isoformat()},
            of=MOVED,
        )
        theirs = self.teller.ids[self.scenes["ordered_otherwise"].deal]
        while not await self.teller.sees(f"head {MOVED_TO}", f"/v1/opportunities/{theirs}"):
            await asyncio.sleep(0.2)  # sight follows the organisation within five seconds


def month_end(month: int, year: int = YEAR) -> date:
    """Its last day."""
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
