"""A tenant made up by chance: two branches, their people and accounts, and deals whose facts come late and are mended.

Times are whole half-days, so that several facts fall on one instant; nothing keeps to the rules of the life cycle.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from tests.opportunities_views.log import Log

START = datetime(2025, 1, 1, tzinfo=UTC)
LEVELS = ("C", "B", "A", "H")
REASONS = ("own.attitude", "own.slow_follow_up", "other_brand.price", "other_brand.location", "unknown.unknown")
PRODUCTS = ("SED", "SUV", "VAN")
CURRENCIES = ("CNY", "CNY", "CNY", "EUR")
NO_DEFEAT: dict[str, Any] = {
    "requested_on": None, "defeat_requested_by": None, "defeat_kind": None, "defeat_reason": None,
    "defeat_category": None, "defeat_other_reasons": [], "reason_given": None, "competitor_brand": None,
    "competitor_model": None, "competitor_price": None, "bought_on": None, "recall_on": None,
    "defeat_evidence": None, "verdict": None, "verify_attempts": None, "verify_reached": None, "reason_found": None,
    "verify_comment": None, "verified_by": None, "verified_on": None,
}  # fmt: skip


class MadeUp:
    """The tenant, and the ids tests ask about."""

    def __init__(self, tenant_id: UUID, seed: int, facts: int = 160) -> None:
        self.chance = random.Random(seed)
        self.log = Log(tenant_id)
        self.root, *self.regions = [self.id() for _ in range(3)]
        self.branches = [self.id() for _ in range(2)]
        self.teams = [self.id() for _ in range(2)]
        self.people = [self.id() for _ in range(5)]
        self.accounts = [self.id() for _ in range(4)]
        self.key_persons = [self.id() for _ in range(3)]
        self.opportunities: list[UUID] = []
        self.visits: list[UUID] = []
        self.catalogues = {name: self.id() for name in ("level_policy", "reason_catalogue", "follow_up_policy")}
        self._set_up()
        while len(self.log.told) < facts:
            self._step()

    def id(self) -> UUID:
        return UUID(int=self.chance.getrandbits(128), version=4)

    def at(self, after: datetime = START) -> datetime:
        return after + timedelta(hours=12 * self.chance.randint(0, 200))

    def on(self) -> str:
        return str(date(2025, 1, 1) + timedelta(days=self.chance.randint(0, 150)))

    def person(self) -> str:
        return str(self.chance.choice(self.people))

    def _set_up(self) -> None:
        tell, chance = self.log.tell, self.chance
        tell("tenant", self.log.tenant_id, "TenantOpened", START, {}, name="T", zone="Asia/Shanghai", currency="CNY")
        parents = {self.root: None, **dict.fromkeys(self.regions, self.root)}
        parents |= dict(zip(self.branches, self.regions, strict=True))
        parents |= dict(zip(self.teams, self.branches, strict=True))
        for number, (unit, parent) in enumerate(parents.items()):
            kind = "head_office" if parent is None else "region" if parent == self.root else "team"
            kind = "branch" if unit in self.branches else kind
            said = {"code": f"U{number}", "name": f"单位{number}", "kind": kind, "parent_id": _text(parent)}
            tell("unit", unit, "UnitOpened", START, {**said, "status": "open"})
        for person in self.people:
            place = str(chance.choice([*self.branches, *self.teams]))
            joined = {"functions": ["representative"], "unit_id": place, "reports_to_unit_id": place}
            tell("person", person, "PersonJoined", START, joined | {"status": "active"})
        for number, code in enumerate(PRODUCTS):
            said = {"code": code, "name": f"车型{number}", "name_en": None, "series": None, "currency": "CNY"}
            said |= {"list_price": "100000.50", "external_refs": {}}  # type: ignore[dict-item]
            tell("product", self.id(), "ProductAdded", START, {**said, "active": True})
        for account in self.accounts[:3]:
            tell("account", account, "AccountOpened", self.at(), self._account())

    def _account(self) -> dict[str, Any]:
        chance = self.chance
        return {
            "name": f"客户{chance.randint(1, 99)}",
            "kinds": chance.sample(["industry", "regional", "national"], chance.randint(0, 2)),
            "sector": chance.choice(["retail", "medical", None]),
            "credit_code": None,
            "owner_id": self.person(),
            "unit_id": str(chance.choice(self.branches)),
            "parent_id": None,
            "external_refs": {},
        }

    def _step(self) -> None:
        chance = self.chance
        match chance.choices(
            ("capture", "deal", "visit", "account", "unit", "person", "rules", "product", "mend"),
            (10, 55, 12, 6, 2, 2, 1, 1, 16),
        )[0]:
            case "capture":
                self._capture()
            case "deal" if self.opportunities:
                stream = chance.choice(self.opportunities)
                type, changes, data = self._deal()
                self.log.tell("opportunity", stream, type, self._after(stream), changes, **data)
            case "visit":
                self._visit()
            case "account":
                account = chance.choice(self.accounts[:3])
                type, changes = self._account_change()
                self.log.tell("account", account, type, self._after(account), changes)
            case "unit":
                units, parents = chance.choice(((self.teams, self.branches), (self.branches, self.regions)))
                moved, parent = chance.choice(units), str(chance.choice(parents))
                self.log.tell("unit", moved, "UnitMoved", self.at(), {"parent_id": parent})
            case "person":
                unit = str(chance.choice([*self.branches, *self.teams]))
                person, deputy = chance.choice(self.people), f"deputy.{self.person()}"
                days = chance.choice(({"since": "2025-01-01", "until": "2025-12-31"}, None))
                type, said = chance.choice((("PersonPostedTo", {"unit_id": unit}), ("DeputyAppointed", {deputy: days})))
                self.log.tell("person", person, type, self.at(), said)
            case "rules":
                self._rules()
            case "mend":
                self._mend()
            case _:
                pass

    def _after(self, stream: UUID) -> datetime:
        return self.at(next(event.at for event in self.log.told if event.stream_id == stream))

    def _lines(self) -> list[dict[str, Any]]:
        chance = self.chance
        return [
            {
                "line": number,
                "product": chance.choice(PRODUCTS),
                "units": chance.randint(1, 9),
                "unit_price": chance.choice([None, "99999.99", "120000", "80000.5"]),
            }
            for number in range(1, chance.choice([1, 1, 1, 2, 3, 0]) + 1)
        ]

    def _capture(self) -> None:
        chance, stream = self.chance, self.id()
        self.opportunities.append(stream)
        changes = {
            "account_id": _text(chance.choice([*self.accounts, None])),
            "title": f"项目{len(self.opportunities)}",
            "owner_id": self.person(),
            "unit_id": str(chance.choice([*self.branches, *self.teams])),
            "channel": chance.choice(["showroom", "phone", None]),
            "lines": self._lines(),
            "currency": chance.choice(CURRENCIES),
            "amount": chance.choice([None, "1000000", "333333.33"]),
            "stage": None,
            "probability": chance.choice([None, "0.4"]),
            "expected_on": chance.choice([None, self.on()]),
            "key_person_id": _text(chance.choice([None, *self.key_persons])),
            "external_refs": {"crm": str(len(self.opportunities))},
            "level": None,
            "status": "open",
            "review": None,
        }
        self.log.tell("opportunity", stream, "ProspectCaptured", self.at(), changes)

    def _deal(self) -> tuple[str, dict[str, Any], dict[str, Any]]:
        chance = self.chance
        defeat = {
            "requested_on": self.on(), "defeat_requested_by": self.person(), "defeat_kind": "confirmed",
            "defeat_reason": (reason := chance.choice(REASONS)), "defeat_category": reason.partition(".")[0],
            "defeat_other_reasons": chance.sample(REASONS, chance.randint(0, 2)), "reason_given": None,
            "competitor_brand": chance.choice([None, "甲", "乙"]), "competitor_model": None,
            "competitor_price": chance.choice([None, "88000.00"]), "bought_on": None, "recall_on": self.on(),
            "defeat_evidence": chance.choice([None, "行驶证"]),
        }  # fmt: skip
        moves = [{"line": chance.randint(1, 3), "units": chance.randint(1, 3), "on": self.on()}]
        order = {"lines": self._lines(), "currency": chance.choice(CURRENCIES), "amount": "500000.01"}
        order |= {"promised_on": self.on()}
        match chance.choices(
            ("judge", "request", "lose", "reject", "reopen", "freeze", "contact", "resume", "win", "amend", "deliver",
             "cancel", "transfer", "instruct", "done", "dispose", "call", "plan", "verify", "ask", "melt"),
            (34, 4, 9, 2, 5, 3, 2, 3, 9, 2, 8, 3, 9, 3, 1, 1, 16, 6, 4, 3, 1),
        )[0]:  # fmt: skip
            case "judge":
                said: dict[str, Any] = {
                    "level": chance.choice(LEVELS),
                    "expected_on": chance.choice([None, self.on()]),
                    "judged_by": self.person(),
                }
                more = {"probability": "0.75", "obstacle": "价格", "support_needed": "试驾", "competitor": "乙"}
                more |= {"lines": self._lines(), "amount": "250000"}  # type: ignore[dict-item]
                said |= {name: more[name] for name in chance.sample(sorted(more), chance.randint(0, 3))}
                visit = _text(chance.choice([None, *self.visits]))
                return "ProspectQualified", said, {"visit_id": visit}
            case "request":
                return "DefeatRequested", {"review": "defeat", **defeat}, {}
            case "verify":
                said = {"verdict": chance.choice(["confirmed", "still_buying", "not_reached"]), "verify_attempts": 2}
                said |= {"verify_reached": chance.random() < 0.5, "reason_found": chance.choice([None, REASONS[0]])}
                said |= {"verify_comment": "已核实", "verified_by": self.person(), "verified_on": self.on()}
                return "DefeatVerified", said, {}
            case "lose":
                lost = {"status": "defeated", "review": None, "reviewed_by": self.person(), **defeat}
                return "DealLost", lost, {}
            case "reject":
                given = {"finding": "own_doing", "given_to": chance.choice([None, self.person()])}
                return "DefeatRejected", {"review": None, "reviewed_by": self.person(), **NO_DEFEAT}, given
            case "reopen":
                return "DealReopened", {"status": "open", "review": None, **NO_DEFEAT}, {}
            case "freeze":
                frozen = {"status": "frozen", "review": None, "freeze_reason": "预算", "recall_on": self.on()}
                frozen |= {"reviewed_by": self.person(), "freeze_requested_by": self.person()}
                return "ProspectFrozen", frozen, {"instead_of": chance.choice([None, "defeat"])}
            case "ask":
                asked = {"review": "freeze", "freeze_reason": "预算", "freeze_requested_by": self.person()}
                return "FreezeRequested", asked | {"recall_on": self.on()}, {}
            case "melt":
                no_freeze = dict.fromkeys(("freeze_requested_by", "freeze_reason", "recall_on", "review"))
                return "FreezeRejected", no_freeze | {"reviewed_by": self.person()}, {}
            case "contact":
                return (
                    "ContactLost",
                    {"status": "lost_contact", "review": None, "recall_on": None} | {"contact_lost_reason": "停机"},
                    {},
                )
            case "resume":
                return "ProspectResumed", {"status": "open", "review": None, "recall_on": None}, {}
            case "win":
                return "DealWon", {"status": "ordered", "review": None, **order}, {}
            case "amend":
                return "OrderAmended", order, {}
            case "deliver":
                return "UnitsDelivered", {"delivered": moves}, {}
            case "cancel":
                status = {"status": "cancelled"} if chance.random() < 0.3 else {}
                return "UnitsCancelled", {"cancelled": [{**moves[0], "reason": "x"}], **status}, {}
            case "transfer":
                unit = str(chance.choice([*self.branches, *self.teams]))
                return "OpportunityTransferred", {"owner_id": self.person(), "unit_id": unit}, {}
            case "instruct":
                said = {"text": "拜访", "due_on": self.on(), "given_by": self.person(), "given_on": self.on()}
                return "InstructionGiven", {"instruction": said}, {}
            case "done":
                return "InstructionCompleted", {"instruction": None}, {"completed_by": self.person(), "result": "已约"}
            case "call":
                reached = chance.random() < 0.7
                said = {"contact_way": "phone", "contact_reached": reached}
                said |= {"contact_result": chance.choice([None, "call_back"]), "contacted_by": self.person()}
                if reached or chance.random() < 0.3:
                    on = chance.choice([None, self.on()]) if reached else self.on()
                    said |= {"follow_up_on": on, "follow_up_way": None}
                return "ContactMade", said, {}
            case "plan":
                return "FollowUpPlanned", {"follow_up_on": self.on(), "follow_up_way": "phone"}, {}
            case _:
                return "ProspectDisposed", {"status": "disposed", "review": None, "disposal": "duplicate"}, {}

    def _visit(self) -> None:
        chance = self.chance
        said: dict[str, Any] = {
            "account_id": _text(chance.choice([*self.accounts, None])),
            "opportunity_ids": [str(id) for id in chance.sample(self.opportunities, min(len(self.opportunities), 2))],
            "owner_id": self.person(),
            "unit_id": str(chance.choice([*self.branches, *self.teams])),
            "purpose": chance.choice(["develop", "push_forward"]),
            "way": chance.choice(["on_site", "phone"]),
            "participants": [self.person()],
            "expected_objections": [],
        }
        logged = {
            "status": "logged",
            "visited_on": self.on(),
            "reached": chance.random() < 0.7,
            "persons_met": [{"person_id": str(self.key_persons[0]), "layer": "use", "post": None}],
            "objections": chance.sample(["price", "quality"], chance.randint(0, 2)),
            "competitor": None,
            "rumours": [],
            "units_owned": chance.choice([None, 12]),
            "buying_plan": None,
            "next_step": "报价",
            "next_on": self.on(),
        }
        known = chance.choice([None, *self.visits])
        if known is None:
            visit = self.id()
            self.visits.append(visit)
            if chance.random() < 0.5:
                plan = {"status": "planned", "planned_on": self.on(), **said}
                self.log.tell("visit", visit, "VisitPlanned", self.at(), plan)
            else:
                self.log.tell("visit", visit, "VisitLogged", self.at(), {**said, **logged}, judged=[])
        else:
            type, changes = chance.choice(
                [
                    ("VisitLogged", {**said, **logged}),
                    ("VisitReviewed", {"reviewed_by": self.person(), "reviewed_on": self.on()}),
                    ("VisitCancelled", {"status": "cancelled", "cancel_reason": "改期"}),
                ]
            )
            self.log.tell("visit", known, type, self._after(known), changes)

    def _account_change(self) -> tuple[str, dict[str, Any]]:
        chance = self.chance
        person = str(chance.choice(self.key_persons))
        place: dict[str, Any] = {"person_id": person, "layer": "decision", "post": "总经理"}
        changes: list[tuple[str, dict[str, Any]]] = [
            ("AccountChanged", {"sector": chance.choice(["retail", "medical"]), "name": f"新客户{person[:2]}"}),
            ("AccountOwnerChanged", {"owner_id": self.person(), "unit_id": str(chance.choice(self.branches))}),
            ("SupportTeamChanged", {"support_team": [{"person_id": self.person(), "role": "execution"}]}),
            ("KeyPersonAdded", {f"key_person.{person}": place}),
            ("KeyPersonRemoved", {f"key_person.{person}": None}),
        ]
        return chance.choice(changes)

    def _rules(self) -> None:
        windows = self.chance.choice([(5, 20, 40), (10, 60, 90)])
        levels = [
            {"code": code, "window_days": window, "follow_up_days": 3 + place, "win_rate": f"0.{9 - 2 * place}"}
            for place, (code, window) in enumerate(zip("HABC", (*windows, None), strict=True))
        ]
        policy = {
            "code": self.chance.choice(["house", "tender"]), "zh": "本店", "en": "house",
            "effective_from": self.on(), "default": self.chance.random() < 0.5, "ordered_follow_up_days": 7,
            "new_follow_up_days": 1, "new_win_rate": "0.05", "levels": levels,
        }  # fmt: skip
        self.log.tell(
            "level_policy", self.catalogues["level_policy"], "LevelPolicyPublished", self.at(), {"policies": [policy]}
        )
        escalation = {"effective_from": self.on(), "otherwise_after_days": 5}
        escalation |= {"escalations": [{"level": "H", "after_days": self.chance.choice([1, 2, None])}]}
        self.log.tell(
            "follow_up_policy", self.catalogues["follow_up_policy"], "FollowUpPolicyPublished", self.at(),
            {"policies": [escalation]},
        )  # fmt: skip
        reasons = [{"code": "own.attitude", "zh": "态度", "en": "attitude"}]
        category = {"code": "own", "zh": "本店", "en": "own", "reasons": reasons, "clear": True, "training_need": True}
        catalogue = {"effective_from": self.on(), "categories": [category]}
        self.log.tell(
            "reason_catalogue", self.catalogues["reason_catalogue"], "ReasonCataloguePublished", self.at(),
            {"catalogues": [catalogue]},
        )  # fmt: skip

    def _mend(self) -> None:
        """Correct or void a fact, or void a correction, anywhere but in the rules."""
        chance = self.chance
        known = [e for e in self.log.told if e.stream_type not in ("tenant", *self.catalogues)]
        event = chance.choice(known)
        if event.type == "FactVoided":
            return
        if event.type == "FactCorrected" or chance.random() < 0.4:
            if event.version > 1 or event.stream_type == "visit":
                self.log.void(event.stream_type, event.stream_id, event.version)
            return
        twin = [e for e in known if e.type == event.type and e is not event]
        changes: dict[str, Any] = {}
        if twin:
            other = chance.choice(twin).data["changes"]
            names = [n for n in other if n in event.data["changes"] and n not in ("status", "review")]
            changes = {name: other[name] for name in chance.sample(sorted(names), min(len(names), 2))}
        at = self.at() if chance.random() < 0.4 or not changes else None
        self.log.correct(event.stream_type, event.stream_id, event.version, changes, at)


def _text(id: UUID | None) -> str | None:
    return None if id is None else str(id)
