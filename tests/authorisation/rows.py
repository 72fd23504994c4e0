"""The matrix: one row for each operation of every service. How to add one is in README.md beside this file."""

from __future__ import annotations

import secrets
from typing import Any

from services.opportunities.policies.approval_policy import PublishApprovalPolicy
from services.opportunities.policies.level_policy import PublishLevelPolicy
from services.opportunities.policies.reason_catalogue import PublishReasonCatalogue
from tests.authorisation import expectations as who
from tests.authorisation import nouns
from tests.authorisation.company import id_of
from tests.authorisation.expectations import Pattern
from tests.authorisation.row import AGAIN, BRANCH, FILING, JSON, LINE, OWN, VISIT, Row, listed
from tests.authorisation.targets import MACHINE


def _on_account(body: Any, expect: Pattern = who.RECORD_CHANGE) -> Row:
    return Row(expect, "account", body)


def _on_deal(state: str, body: Any, expect: Pattern = who.RECORD_CHANGE) -> Row:
    return Row(expect, f"deal.{state}", body)


_SERVICES_OWN: dict[str, Row] = {
    "operations.live": Row(who.OPEN),
    "operations.ready": Row(who.OPEN, done=(200, 503), why="503 while the database is away"),
    "operations.started": Row(who.OPEN),
    "operations.metrics": Row(who.OPEN),
    "operations.problem": Row(who.OPEN, "problem"),
    "identity.me": Row(who.ANY_CREDENTIAL),
    "events.read": listed(),
    "events.head": listed(),
    "audit.read": Row(who.AUDIT),
    "views.list": listed(),
    "views.retry": Row(who.reserved({who.DIRECTOR, who.NO_PERSONAL, who.OPERATIONS, who.OTHER_TENANT},
                                    elsewhere="done"), "view"),
    "views.skip": Row(who.reserved({who.DIRECTOR, who.NO_PERSONAL, who.OPERATIONS, who.OTHER_TENANT},
                                   elsewhere="done"), "view", {"position": 1, "reason": "坏"}, done=(409,),
                      why="no view is parked: who may gets that far"),
    "operations.list": listed(),
    "operations.get": Row(who.looking({who.OWNER, who.DIRECTOR, who.NO_PERSONAL, *who.LOOKING}), "operation"),
    "operations.problems": Row(who.looking({who.OWNER, who.DIRECTOR, who.NO_PERSONAL, *who.LOOKING}), "operation"),
    "operations.cancel": Row(who.acting({who.OWNER, who.DIRECTOR, who.NO_PERSONAL}), "operation"),
    "imports.list": listed(),
    "imports.get": Row(who.looking({who.OWNER, who.DIRECTOR, who.NO_PERSONAL, *who.LOOKING}), "import"),
    "imports.problems": Row(who.looking({who.OWNER, who.DIRECTOR, who.NO_PERSONAL, *who.LOOKING}), "import"),
    "imports.cancel": Row(who.acting({who.OWNER, who.DIRECTOR, who.NO_PERSONAL}), "import"),
    "imports.undo_preview": Row(
        {**who.looking({who.DIRECTOR, who.NO_PERSONAL, *who.LOOKING}, others="refused"), who.OTHER_TENANT: "hidden"},
        "import", done=(409,), why="it is not over yet: who may gets that far"),
    "imports.undo": Row(who.reserved({who.DIRECTOR, who.NO_PERSONAL}), "import", {}, done=(409,),
                        why="it is not over yet: who may gets that far"),
    "imports.undone": Row(who.looking({who.OWNER, who.DIRECTOR, who.NO_PERSONAL, *who.LOOKING}), "undone import"),
    "imports.undo_problems": Row(who.looking({who.OWNER, who.DIRECTOR, who.NO_PERSONAL, *who.LOOKING}),
                                 "undone import"),
    "imports.start": Row(who.reserved({who.DIRECTOR, who.NO_PERSONAL, who.OTHER_TENANT}, elsewhere="done"), "file"),
}  # fmt: skip

_ORGANISATION: dict[str, Row] = {
    "units.tree": listed(),
    "units.get": Row(who.looking(who.COMPANY), "unit"),
    "units.open": Row(who.FOUNDING, body=lambda _: {"code": secrets.token_hex(6), "name": "店", "kind": "branch",
                                                      "parent_id": str(id_of("r0"))}),
    "units.move": Row(who.ORGANISING, "unit", {"parent_id": str(id_of("r1"))}),
    "units.close": Row(who.ORGANISING, "unit", {}),
    "people.list": listed(),
    "people.get": Row(who.looking(who.COMPANY), "person"),
    "people.join": Row(who.FOUNDING, body={"name": "韩梅", "functions": ["representative"], "unit_id": BRANCH}),
    "people.report_to": Row(who.ORGANISING, "person", {"person_id": OWN}),
    "people.post_to": Row(who.ORGANISING, "person", {"unit_id": str(id_of("b01"))}),
    "people.change_functions": Row(who.ORGANISING, "person", {"functions": ["account_manager"]}),
    "people.leave": Row(who.ORGANISING, "person", {}),
}  # fmt: skip

MANAGERS = frozenset((who.REGION, who.PLACE, who.DIRECTOR, who.NO_PERSONAL))
HANDING_OVER = {
    **who.reserved(MANAGERS),
    **dict.fromkeys((who.OTHER_TENANT, who.SIBLING, who.TEAM, who.LINE), "no such"),
}
"""Heads hand over the work of people they see; whom they do not see they cannot name."""
PROVIDERS = frozenset((who.TENANT_ADMIN, who.OPERATIONS))
KEEPERS = frozenset((who.TENANT_ADMIN, who.OPERATIONS, who.DIRECTOR, who.NO_PERSONAL))


def _leaving(target: Any) -> JSON:
    return {"from_person_id": target.id, "to": str(id_of("b00.b"))}


STANDING_IN = who.reserved(MANAGERS | {who.OPERATIONS, who.TENANT_ADMIN})
"""Who is above somebody in the line, or organises; the person themself is none of these principals."""
_STAFF: dict[str, Row] = {
    "units.correct": Row(who.ORGANISING, "unit", {"version": 1, "changes": {"name": "新店"}, "reason": "错"}),
    "units.void": Row(who.ORGANISING, "moved unit", {"version": 2, "reason": "错"}),
    "people.correct": Row(
        who.ORGANISING, "person", {"version": 1, "changes": {"functions": ["account_manager"]}, "reason": "错"}
    ),
    "people.void": Row(who.ORGANISING, "posted person", {"version": 2, "reason": "错"}),
    "people.appoint_deputy": Row(STANDING_IN, "seen person", {"deputy_id": str(id_of("b00.b")), "until": "2026-06-30"}),
    "people.dismiss_deputy": Row(STANDING_IN, "seen person", {"deputy_id": str(id_of("b00.b"))}),
    "people.change_personal": Row(who.ORGANISING, "person", {"name": "新名"}),
}

_HAND_OVERS: dict[str, Row] = {
    "hand_overs.preview": Row(HANDING_OVER, "seen person", _leaving, matched=False),
    "hand_overs.start": Row(HANDING_OVER, "seen person", _leaving, matched=False),
    "hand_overs.list": listed(),
    "hand_overs.get": Row(who.looking(MANAGERS | who.LOOKING), "hand-over"),
    "hand_overs.undo": Row(who.acting(MANAGERS), "hand-over", {}, done=(409,), matched=False,
                           why="it is not over yet: who may gets that far"),
}  # fmt: skip
_SIGN_IN: dict[str, Row] = {
    "identity_providers.trust": Row(
        who.reserved(PROVIDERS, elsewhere="refused"),
        body=lambda _: {"issuer": f"https://{secrets.token_hex(6)}.example.com/", "audience": "dakehu"},
    ),
    "identity_providers.distrust": Row(who.reserved(PROVIDERS, elsewhere="refused"), "provider"),
    "identity_providers.list": Row(who.looking(PROVIDERS | {who.AUDITOR}, others="refused")),
    "identity_providers.get": Row(who.looking(PROVIDERS | {who.AUDITOR}, others="refused"), "provider"),
    "api_keys.issue": Row(who.reserved(KEEPERS - {who.OPERATIONS} | {who.OTHER_TENANT}, elsewhere="done"),
                          body=MACHINE, why="operations hold no function to give on"),
    "api_keys.rotate": Row(who.reserved(KEEPERS - {who.OPERATIONS}), "api key", {}),  # of an integration
    "api_keys.revoke": Row(who.reserved(KEEPERS), "api key", {}),
    "api_keys.list": Row(who.looking(KEEPERS | who.LOOKING | {who.OTHER_TENANT}, others="refused")),
    "api_keys.get": Row({**who.looking(KEEPERS | who.LOOKING, others="refused"), who.OTHER_TENANT: "hidden"},
                        "api key"),
}  # fmt: skip

SEERS = who.SEEN_BY - {who.DIRECTOR, who.NO_PERSONAL}
TENDING = who.acting({who.DIRECTOR, who.NO_PERSONAL}, SEERS)
"""The data of customers' persons: head office, and the back office for what it sees."""
ON_FILE = {**who.acting(who.PEOPLE), who.AUDITOR: "done", who.READ_ONLY: "scope"}
REVEALING = {**who.acting(who.SEEN_BY), who.AUDITOR: "done", who.NO_PERSONAL: "scope"}
_PERSONS: dict[str, Row] = {
    "persons.get": Row(who.RECORD_READ, "key person"),
    "persons.reveal": Row(REVEALING, "key person", {"fields": ["phone"], "purpose": "送车"}),
    "persons.check": Row(ON_FILE, body={"phone": "13600000000"}),
    "accounts.check": Row(ON_FILE, body={"credit_code": "91110000600037341L"}),
    "persons.export": Row({**who.acting({who.DIRECTOR}, SEERS), who.NO_PERSONAL: "scope"}, "key person", {}),
    "persons.restrict": Row(TENDING, "key person", {"ground": "contested"}),
    "persons.lift": Row(TENDING, "restricted person"),
    "persons.correct": Row(TENDING, "key person", {"phone": "13900000000"}),
    "persons.erase": Row(TENDING, "key person", {"reason": "request", "confirm": False}),
}

_ACCOUNTS: dict[str, Row] = {
    "accounts.list": listed(),
    "accounts.visits_due": listed(),
    "accounts.get": Row(who.RECORD_READ, "account"),
    "accounts.open": Row(FILING, body=lambda _: {"name": secrets.token_hex(6), "owner_id": OWN, "unit_id": BRANCH}),
    "accounts.change": _on_account({"city": "苏州"}),
    "accounts.refer": _on_account(lambda target: {"system": "erp", "key": target.id}),
    "accounts.lookup": Row(
        {**who.acting(who.PEOPLE), who.AUDITOR: "done"},
        body={"refs": [{"system": "erp", "key": "1"}]},
        why="asks for what it sees",
    ),
    "accounts.put": Row(
        FILING, "reference", lambda _: {"name": secrets.token_hex(6), "owner_id": OWN, "unit_id": BRANCH}
    ),
    "accounts.assign_owner": _on_account({"owner_id": str(id_of("b00.b"))}, who.HAND_OVER),
    "accounts.set_support_team": _on_account({"members": []}),
    "accounts.correct": _on_account({"version": 1, "changes": {"city": "无锡"}, "reason": "错"}),
    "accounts.void": _on_account({"version": 2, "reason": "错"}),
    "accounts.add_key_person": _on_account({"name": "赵六", "layer": "use"}),
    "accounts.change_key_person": _on_account(lambda target: {"person_id": target.person, "attitude": "neutral"}),
    "accounts.remove_key_person": _on_account(lambda target: {"person_id": target.person}),
}

_OPPORTUNITIES: dict[str, Row] = {
    "opportunities.list": listed(),
    "opportunities.read": Row(who.RECORD_READ, "deal.hot"),
    "opportunities.capture": Row(FILING, body={"owner_id": OWN, "unit_id": BRANCH, "lines": [LINE], **AGAIN}),
    "opportunities.qualify": _on_deal("open", {"level": "H", "expected_on": "2026-03-05"}),
    "opportunities.refer": _on_deal("open", lambda target: {"system": "erp", "key": target.id}),
    "opportunities.lookup": Row(
        {**who.acting(who.PEOPLE), who.AUDITOR: "done"},
        body={"refs": [{"system": "erp", "key": "1"}]},
        why="asks for what it sees",
    ),
    "opportunities.put": Row(FILING, "reference", {"owner_id": OWN, "unit_id": BRANCH, "lines": [LINE], **AGAIN}),
    "opportunities.transfer": _on_deal("open", {"owner_id": str(id_of("b00.b"))}, who.HAND_OVER),
    "opportunities.instruct": _on_deal("hot", {"text": "约见", "due_on": "2199-01-01"}, who.APPROVAL),
    "opportunities.complete_instruction": _on_deal("instructed", {}),
    "opportunities.correct": _on_deal("open", {"version": 1, "changes": {"title": "改名"}, "reason": "错"}),
    "opportunities.void": _on_deal("hot", {"version": 2, "reason": "错"}),
    "opportunities.request_defeat": _on_deal("hot", {"reason": "other_brand.price"}),
    "opportunities.approve_defeat": _on_deal("asked", {}, who.APPROVAL),
    "opportunities.reject_defeat": _on_deal("asked", {"finding": "still_buying"}, who.APPROVAL),
    "opportunities.freeze": _on_deal("hot", {"reason": "预算", "recall_on": "2199-01-01"}),
    "opportunities.approve_freeze": _on_deal("frozen", {}, who.APPROVAL),
    "opportunities.reject_freeze": _on_deal("frozen", {}, who.APPROVAL),
    "opportunities.lose_contact": _on_deal("hot", {"reason": "停机"}),
    "opportunities.resume": _on_deal("unreachable", AGAIN),
    "opportunities.reopen": _on_deal("lost", AGAIN),
    "opportunities.dispose": _on_deal("open", {"disposal": "no_intention"}),
    "opportunities.win": _on_deal("hot", {}),
    "opportunities.amend": _on_deal("won", {"order_ref": "HT-1"}),
    "opportunities.deliver": _on_deal("won", {"units": [{"line": 1, "units": 1}]}),
    "opportunities.cancel": _on_deal("won", {"units": [{"line": 1, "units": 1}], "reason": "削减"}),
}

_VISITS: dict[str, Row] = {
    "visits.list": listed(),
    "visits.read": Row(who.RECORD_READ, "visit.logged"),
    "visits.plan": Row(FILING, body={**VISIT, "owner_id": OWN, "unit_id": BRANCH, "planned_on": "2199-01-01"}),
    "visits.log_unplanned": Row(FILING, body={**VISIT, "owner_id": OWN, "unit_id": BRANCH}),
    "visits.log": Row(who.RECORD_CHANGE, "visit.planned", {}),
    "visits.review": Row(who.APPROVAL, "visit.logged", {"comment": "好"}),
    "visits.cancel": Row(who.RECORD_CHANGE, "visit.planned", {"reason": "有事"}),
    "visits.correct": Row(
        who.RECORD_CHANGE, "visit.logged", {"version": 1, "changes": {"next_step": "报价"}, "reason": "错"}
    ),
}

CATALOGUING = who.reserved({who.DIRECTOR, who.NO_PERSONAL, who.OPERATIONS, who.TEAM, who.LINE}, elsewhere="hidden")
"""The product list: publishers, heads of departments, the back office."""


def _example(command: Any) -> Any:
    """The body the document shows for a command, with a code of its own."""

    def body(_: Any) -> JSON:
        said: JSON = dict(command.model_config["json_schema_extra"]["examples"][0])
        return said | ({"code": secrets.token_hex(4)} if "code" in said else {})

    return body


_RULES: dict[str, Row] = {
    "products.list": listed(),
    "products.read": Row(who.looking(who.COMPANY), "product"),
    "products.add": Row(
        {**CATALOGUING, who.OTHER_TENANT: "done"}, body=lambda _: {"code": secrets.token_hex(4), "name": "Q5"}
    ),
    "products.change": Row(CATALOGUING, "product", {"name": "新名"}),
    "products.withdraw": Row(CATALOGUING, "product", {}),
    "level_policies.list": listed(),
    "level_policies.publish": Row(who.PUBLISHING, body=_example(PublishLevelPolicy)),
    "reason_catalogues.read": listed(),
    "reason_catalogues.publish": Row(who.PUBLISHING, body=_example(PublishReasonCatalogue), done=(201, 409)),
    "approval_policies.read": listed(),
    "approval_policies.publish": Row(who.PUBLISHING, body=_example(PublishApprovalPolicy), done=(201, 409)),
    "catalogues.read": listed(),
}

_REPORTS: dict[str, Row] = {
    "reports.pipeline": listed(),
    "reports.pipeline_diff": Row(who.OWN_COMPANY, query={"policy_b": "h7-a15-b30"}),
    "reports.hot_customers": listed(),
    "reports.defeats": listed(),
    "reports.defeat_analysis": listed(),
    "reports.outcomes": listed(),
    "kpi.funnel": listed(),
}

ROWS: dict[str, Row] = {
    **_SERVICES_OWN,
    **_ORGANISATION,
    **_STAFF,
    **_HAND_OVERS,
    **_SIGN_IN,
    **_PERSONS,
    **_ACCOUNTS,
    **_OPPORTUNITIES,
    **_VISITS,
    **_RULES,
    **_REPORTS,
    **nouns.ROWS,
}
