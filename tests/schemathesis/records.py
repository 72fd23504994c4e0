"""Real records, made through the API, in the state a command needs; and a body it takes. Tests nothing itself."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from services.demo.names import credit_code

JSON = dict[str, Any]

MAPPING = """
version: 1
external: {system: fuzz, column: no}
title: title
owner: {find: {name: owner}, create: true}
captured_on: captured
stage: {column: stage, values: {new: {reaches: captured}}}
"""
SHEET = "no,title,owner,captured,stage\n{0},更新,李雷,2025-03-01,new\n,,,,\n"


ASKED_FOR = ("/request-defeat", "/freeze")
"""What a colleague asks for: nobody approves their own request."""


class NotMade(Exception):
    """A record could not be made: the rules the fuzzer has published are in the way."""


@dataclass(frozen=True, slots=True)
class Made:
    """A record as it stands after its last command."""

    id: str = ""
    version: int = 0
    more: JSON = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ready:
    """What an operation needs to be carried out: the path's parameters, the record's version, a body."""

    path: Mapping[str, str] = field(default_factory=dict)
    body: JSON | None = None
    version: int | None = None


class Records:
    """Makes records of one tenant. Every service by its address."""

    def __init__(self, addresses: Mapping[str, str], token: str, colleague: str, chance: Random) -> None:
        self._http = {name: httpx.Client(base_url=address, timeout=30) for name, address in addresses.items()}
        self._said = {"authorization": f"Bearer {token}"}
        self._asking = {"authorization": f"Bearer {colleague}"}
        self._chance = chance
        self._uses: dict[str, int] = {}
        self._shared: dict[str, Made] = {}

    # -- talking ---------------------------------------------------------------------------------------

    def tell(self, service: str, path: str, body: JSON, version: int | None = None) -> Made:
        """One command that must be carried out. Raises NotMade."""
        said = self._asking if path.endswith(ASKED_FOR) else self._said
        headers = {**said, "idempotency-key": secrets.token_hex(8)}
        if version is not None:
            headers["if-match"] = f'"{version}"'
        answer = self._http[service].post(path, json=body, headers=headers)
        if answer.status_code not in (200, 201):
            raise NotMade(f"{path}: {answer.status_code} {answer.text}")
        receipt = answer.json()
        return Made(receipt["id"], receipt.get("version", 0))

    def read(self, service: str, path: str) -> Any:
        return self._http[service].get(path, headers=self._said).json()

    def often(self, name: str, make: Callable[[], Made], uses: int = 20) -> Made:
        """A record that serves several cases, made anew now and then: a case may have spoilt it."""
        left = self._uses.get(name, 0)
        if not left:
            self._shared[name], left = make(), uses
        self._uses[name] = left - 1
        return self._shared[name]

    # -- organisation and accounts -----------------------------------------------------------------------

    @property
    def root(self) -> str:
        return str(self.read("accounts", "/v1/me")["unit_id"] or self.read("accounts", "/v1/units")["rows"][0]["id"])

    def unit(self) -> Made:
        body = {"code": secrets.token_hex(6), "name": "华东店", "kind": "branch", "parent_id": self.root}
        return self.tell("accounts", "/v1/units", body)

    def a_unit(self) -> Made:
        return self.often("unit", self.unit)

    def machine(self) -> Made:
        body = {"name": "ERP", "functions": ["integration"], "scopes": ["units:read"]}
        return self.tell("accounts", "/v1/api-keys", body)

    def person(self) -> Made:
        body = {"name": "李雷", "functions": ["representative"], "unit_id": self.a_unit().id, "on": "2024-01-02"}
        try:
            return self.tell("accounts", "/v1/people", body | {"unit_id": self.root})
        except NotMade:
            del body["on"]
            return self.tell("accounts", "/v1/people", body)

    def a_person(self) -> Made:
        return self.often("person", self.person)

    def account(self) -> Made:
        body = {
            "name": f"华东物流 {secrets.token_hex(4)}", "owner_id": self.a_person().id, "unit_id": self.root,
            "credit_code": credit_code(self._chance), "on": "2024-02-01",
        }  # fmt: skip
        return self.tell("accounts", "/v1/accounts", body)

    def an_account(self) -> Made:
        return self.often("account", self.with_key_person)

    def with_key_person(self) -> Made:
        account = self.account()
        body = {"name": "王建国", "layer": "decision", "post": "采购总监"}
        path = f"/v1/accounts/{account.id}"
        self.tell("accounts", f"{path}/add-key-person", body, account.version)
        (person,) = self.read("accounts", path)["key_persons"]
        return Made(account.id, account.version + 1, {"person": person["person_id"]})

    def customers_person(self) -> Made:
        return Made(str(self.with_key_person().more["person"]))

    def a_customers_person(self) -> Made:
        return self.often("customer's person", self.customers_person)

    def restricted_person(self) -> Made:
        made = self.customers_person()
        self.tell("accounts", f"/v1/persons/{made.id}/restrict", {"ground": "objection"})
        return made

    # -- opportunities ------------------------------------------------------------------------------------

    def product(self) -> Made:
        code = secrets.token_hex(4)
        made = self.tell("opportunities", "/v1/products", {"code": code, "name": "A6L"})
        return Made(made.id, made.version, {"code": code})

    def a_product(self) -> str:
        return str(self.often("product", self.product).more["code"])

    def line(self) -> JSON:
        return {"line": 1, "product": self.a_product(), "units": 5, "unit_price": "300000.00"}

    def capturing(self) -> JSON:
        return {
            "account_id": self.an_account().id, "owner_id": self.a_person().id, "unit_id": self.root,
            "lines": [self.line()], "duplicate": "intended", "duplicate_reason": "分批采购",
        }  # fmt: skip

    def prospect(self, *steps: str) -> Made:
        """An opportunity these commands were carried out on."""
        made = self.tell("opportunities", "/v1/opportunities", self.capturing())
        for verb in steps:
            made = self.act(made, verb)
        return made

    def act(self, prospect: Made, verb: str) -> Made:
        path = f"/v1/opportunities/{prospect.id}/{verb}"
        return self.tell("opportunities", path, self.acting(verb), prospect.version)

    def acting(self, verb: str) -> JSON:
        """A body for a command on an opportunity in the right state."""
        match verb:
            case "qualify":
                return {"level": self.a_level(), "expected_on": "2030-01-01"}
            case "request-defeat":
                return {"reason": self.a_reason()}
            case "verify-defeat":
                return {"verdict": "confirmed"}
            case "reject-defeat":
                return {"finding": "still_buying"}
            case "freeze":
                return {"reason": "预算推迟", "recall_on": "2199-01-01"}
            case "lose-contact":
                return {"reason": "停机"}
            case "resume" | "reopen":
                return {"duplicate": "intended", "duplicate_reason": "分批采购"}
            case "dispose":
                return {"disposal": "no_intention"}
            case "win":
                return {"lines": [self.line()]}
            case "amend":
                return {"order_ref": secrets.token_hex(4)}
            case "deliver":
                return {"units": [{"line": 1, "units": 1}]}
            case "cancel":
                return {"units": [{"line": 1, "units": 1}], "reason": "预算削减"}
            case "refer":
                return {"system": "erp", "key": secrets.token_hex(6)}
            case "transfer":
                return {"owner_id": self.a_person().id, "unit_id": self.root}
            case "instruct":
                return {"text": "约见", "due_on": "2199-01-01"}
            case "correct":
                return {"version": 1, "changes": {"title": "改名"}, "reason": "录错"}
            case "void":
                return {"version": 2, "reason": "录错"}
            case _:
                return {}

    def a_level(self) -> str:
        found = self.read("opportunities", "/v1/level-policies")
        policies = [policy for policy in found["rows"] if policy["code"] == found["in_force"]]
        return str(policies[-1]["levels"][0]["code"])

    def a_reason(self) -> str:
        return str(self.read("opportunities", "/v1/reason-catalogues")["rows"][0]["reasons"][0]["code"])

    def visiting(self) -> JSON:
        return {
            "account_id": self.an_account().id, "owner_id": self.a_person().id, "unit_id": self.root,
            "purpose": "push_forward", "way": "on_site",
        }  # fmt: skip

    def planned_visit(self) -> Made:
        return self.tell("opportunities", "/v1/visits", self.visiting() | {"planned_on": "2199-01-01"})

    def logged_visit(self) -> Made:
        return self.tell("opportunities", "/v1/visits/log", self.visiting() | {"next_step": "送方案"})

    # -- imports --------------------------------------------------------------------------------------------

    def importing(self, *, dry_run: bool) -> JSON:
        sheet = SHEET.format(secrets.token_hex(4))
        return {"file": sheet, "mapping": MAPPING, "dry_run": "true" if dry_run else "false"}

    def import_id(self, service: str) -> str:
        body = self.importing(dry_run=True)
        answer = self._http[service].post(
            "/v1/imports",
            files={"file": ("a.csv", body["file"]), "mapping": ("a.yaml", body["mapping"])},
            params={"dry_run": "true"},
            headers={**self._said, "idempotency-key": secrets.token_hex(8)},
        )
        if answer.status_code != 202:
            raise NotMade(answer.text)
        return str(answer.json()["id"])

    def imported(self, service: str) -> Made:
        """An import that is over."""
        body = self.importing(dry_run=False)
        answer = self._http[service].post(
            "/v1/imports",
            files={"file": ("a.csv", body["file"]), "mapping": ("a.yaml", body["mapping"])},
            headers={**self._said, "idempotency-key": secrets.token_hex(8)},
        )
        if answer.status_code != 202:
            raise NotMade(answer.text)
        return self._over(service, f"/v1/imports/{answer.json()['id']}", str(answer.json()["id"]))

    def undone(self, service: str) -> Made:
        """An import that was undone."""
        made = self.imported(service)
        headers = {**self._said, "idempotency-key": secrets.token_hex(8)}
        answer = self._http[service].post(f"/v1/imports/{made.id}/undo", json={}, headers=headers)
        if answer.status_code != 202:
            raise NotMade(answer.text)
        return self._over(service, f"/v1/imports/{made.id}/undo", made.id)

    def _over(self, service: str, path: str, id: str) -> Made:
        for _ in range(200):
            if self.read(service, path)["finished"]:
                return Made(id)
            time.sleep(0.05)
        raise NotMade("the operation takes too long")

    # -- hand-overs -----------------------------------------------------------------------------------------

    def leaving(self) -> JSON:
        return {"from_person_id": self.person().id, "to": self.a_person().id}

    def handed_over(self) -> Made:
        """A hand-over that is over."""
        headers = {**self._said, "idempotency-key": secrets.token_hex(8)}
        answer = self._http["accounts"].post("/v1/hand-overs", json=self.leaving(), headers=headers)
        if answer.status_code != 202:
            raise NotMade(answer.text)
        id = str(answer.json()["id"])
        for _ in range(100):
            if self.read("accounts", f"/v1/hand-overs/{id}")["finished"]:
                return Made(id)
            time.sleep(0.05)
        raise NotMade("the hand-over takes too long")


# -- by operation --------------------------------------------------------------------------------------------

BEFORE: dict[str, tuple[str, ...]] = {
    "void": ("qualify",),
    "complete-instruction": ("qualify", "instruct"),
    "approve-defeat": ("request-defeat", "verify-defeat"),
    "reject-defeat": ("request-defeat",),
    "approve-freeze": ("freeze",),
    "reject-freeze": ("freeze",),
    "resume": ("lose-contact",),
    "reopen": ("dispose",),
    "amend": ("win",),
    "deliver": ("win",),
    "cancel": ("win",),
}
"""What an opportunity must have gone through before a command makes sense; most need nothing."""


def on(name: str, made: Made, body: JSON | None = None) -> Ready:
    return Ready({name: made.id}, body, made.version)


def _account(records: Records, body: Callable[[Made], JSON]) -> Ready:
    account = records.with_key_person()
    return on("account_id", account, body(account))


Maker = Callable[[Records, str], Ready]
"""Makes what an operation of a service needs."""

MADE: dict[str, Maker] = {
    "units.open": lambda r, _: Ready(
        body={"code": secrets.token_hex(6), "name": "苏州店", "kind": "branch", "parent_id": r.root}
    ),
    "units.get": lambda r, _: on("unit_id", r.a_unit()),
    "units.move": lambda r, _: on("unit_id", r.unit(), {"parent_id": r.a_unit().id}),
    "units.close": lambda r, _: on("unit_id", r.unit(), {}),
    "api_keys.get": lambda r, _: on("client_id", r.machine()),
    "api_keys.rotate": lambda r, _: on("client_id", r.machine(), {"days": 30}),
    "api_keys.revoke": lambda r, _: on("client_id", r.machine(), {}),
    "people.join": lambda r, _: Ready(body={"name": "韩梅", "functions": ["back_office"], "unit_id": r.root}),
    "people.get": lambda r, _: on("person_id", r.a_person()),
    "people.report_to": lambda r, _: on("person_id", r.person(), {"person_id": r.a_person().id}),
    "people.post_to": lambda r, _: on("person_id", r.person(), {"unit_id": r.a_unit().id}),
    "people.change_functions": lambda r, _: on("person_id", r.person(), {"functions": ["account_manager"]}),
    "people.leave": lambda r, _: on("person_id", r.person(), {}),
    "accounts.open": lambda r, _: Ready(
        body={"name": secrets.token_hex(6), "owner_id": r.a_person().id, "unit_id": r.root}
    ),
    "accounts.get": lambda r, _: on("account_id", r.an_account()),
    "accounts.refer": lambda r, _: _account(r, lambda _: {"system": "erp", "key": secrets.token_hex(6)}),
    **{
        f"{noun}.lookup": lambda r, _: Ready(body={"refs": [{"system": "erp", "key": secrets.token_hex(6)}]})
        for noun in ("accounts", "opportunities")
    },
    "accounts.put": lambda r, _: Ready(
        {"system": "erp", "key": secrets.token_hex(6)},
        {"name": secrets.token_hex(6), "owner_id": r.a_person().id, "unit_id": r.root},
    ),
    "opportunities.put": lambda r, _: Ready({"system": "erp", "key": secrets.token_hex(6)}, {"title": "车"}),
    "accounts.change": lambda r, _: _account(r, lambda _: {"city": secrets.token_hex(4)}),
    "accounts.assign_owner": lambda r, _: _account(r, lambda _: {"owner_id": r.person().id, "unit_id": r.root}),
    "accounts.set_support_team": lambda r, _: _account(
        r, lambda _: {"members": [{"person_id": r.person().id, "role": "technical_support"}]}
    ),
    "accounts.add_key_person": lambda r, _: _account(r, lambda _: {"name": "赵六", "layer": "user"}),
    "accounts.change_key_person": lambda r, _: _account(
        r, lambda a: {"person_id": a.more["person"], "attitude": "supportive"}
    ),
    "accounts.remove_key_person": lambda r, _: _account(r, lambda a: {"person_id": a.more["person"]}),
    "accounts.correct": lambda r, _: _account(r, lambda _: {"version": 1, "changes": {"city": "无锡"}, "reason": "错"}),
    "accounts.void": lambda r, _: _account(r, lambda _: {"version": 2, "reason": "错"}),
    "accounts.check": lambda r, _: Ready(body={"credit_code": credit_code(r._chance)}),
    "persons.get": lambda r, _: on("person_id", r.a_customers_person()),
    "persons.check": lambda r, _: Ready(body={"phone": "13800138000"}),
    "persons.reveal": lambda r, _: on(  # of their own: one that is shared may have been erased by another case
        "person_id", r.customers_person(), {"fields": ["name", "phone"], "purpose": "约定送车"}
    ),
    "persons.export": lambda r, _: on("person_id", r.customers_person(), {}),
    "persons.restrict": lambda r, _: on("person_id", r.customers_person(), {"ground": "contested"}),
    "persons.lift": lambda r, _: on("person_id", r.restricted_person()),
    "persons.correct": lambda r, _: on("person_id", r.customers_person(), {"name": "王建军"}),
    "persons.erase": lambda r, _: on("person_id", r.customers_person(), {"reason": "request"}),
    "opportunities.capture": lambda r, _: Ready(body=r.capturing()),
    "visits.plan": lambda r, _: Ready(body=r.visiting() | {"planned_on": "2199-01-01"}),
    "visits.log_unplanned": lambda r, _: Ready(body=r.visiting()),
    "visits.read": lambda r, _: on("visit_id", r.often("visit", r.planned_visit)),
    "visits.log": lambda r, _: on("visit_id", r.planned_visit(), {}),
    "visits.review": lambda r, _: on("visit_id", r.logged_visit(), {"comment": "好"}),
    "visits.cancel": lambda r, _: on("visit_id", r.planned_visit(), {"reason": "客户有事"}),
    "visits.correct": lambda r, _: on(
        "visit_id", r.logged_visit(), {"version": 1, "changes": {"next_step": "报价"}, "reason": "错"}
    ),
    "products.add": lambda r, _: Ready(body={"code": secrets.token_hex(4), "name": "Q5"}),
    "products.read": lambda r, _: on("product_id", r.often("product", r.product)),
    "products.change": lambda r, _: on("product_id", r.product(), {"name": secrets.token_hex(4)}),
    "products.withdraw": lambda r, _: on("product_id", r.product(), {}),
    "imports.start": lambda r, _: Ready(body=r.importing(dry_run=True)),
    "hand_overs.preview": lambda r, _: Ready(body=r.leaving()),
    "hand_overs.start": lambda r, _: Ready(body=r.leaving()),
    "hand_overs.get": lambda r, _: on("hand_over_id", r.often("hand-over", r.handed_over)),
    "hand_overs.undo": lambda r, _: on("hand_over_id", r.handed_over(), {"reason": "错"}),
    **{
        f"imports.{verb}": lambda r, service: Ready({"import_id": r.import_id(service)})
        for verb in ("get", "problems", "cancel")
    },
    "imports.undo_preview": lambda r, service: Ready(
        {"import_id": r.often("imported", lambda: r.imported(service)).id}
    ),
    "imports.undo": lambda r, service: on("import_id", r.imported(service), {"reason": "错", "force": True}),
    **{
        f"imports.{verb}": lambda r, service: Ready({"import_id": r.often("undone", lambda: r.undone(service)).id})
        for verb in ("undone", "undo_problems")
    },
    **{
        f"operations.{verb}": lambda r, service: Ready({"operation_id": r.import_id(service)})
        for verb in ("get", "problems", "cancel")
    },
    "views.retry": lambda r, service: Ready({"name": r.read(service, "/v1/views")["items"][0]["name"]}),
    "views.skip": lambda r, service: Ready({"name": r.read(service, "/v1/views")["items"][0]["name"]}),
    "operations.problem": lambda r, _: Ready({"code": "stale"}),
}
