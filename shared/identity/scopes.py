"""What a credential is good for: `<resource>:read`, `<resource>:write`, `*`, `personal:read`. Knows no principal.

The resource is the first segment of the path after /v1; all reports are one resource, `reports`. GET and HEAD need
`read`, every other method `write`, and writing does not imply reading. `*` is everything but personal data: names,
phones, mails and texts of customers' persons leave the vault only with `personal:read`.
"""

from __future__ import annotations

from collections.abc import Iterable

ALL = "*"
PERSONAL = "personal:read"
USUAL = frozenset((ALL, PERSONAL))
"""What a credential of a person carries unless its issuer says otherwise."""

REPORTS = frozenset(("pipeline", "hot-customers", "defeats", "recalls", "outcomes", "kpi", "reports"))
"""Segments that are reports."""

RESOURCES: dict[str, str] = {
    "accounts": "accounts, key persons, visits due (客户)",
    "agenda": "what is due, for whom, and what is late (日程)",
    "api-keys": "keys of machines",
    "approval-policies": "who approves what",
    "approvals": "what waits for a decision (审批)",
    "assessment-schemes": "how posts are assessed (考核方案)",
    "assessments": "assessments of persons (考核)",
    "attachments": "files of records (附件)",
    "audit": "who did and read what (审计)",
    "bids": "tenders and bids (投标)",
    "budgets": "budgets, claims and their use (预算)",
    "calendar": "working days and sales months (工作日历)",
    "catalogues": "the words forms are filled with",
    "commission-rules": "what sales are paid (提成规则)",
    "commissions": "commission proposals (提成)",
    "company-figures": "figures of the company and of customers as a whole",
    "confirmations": "personal targets confirmed (目标确认书)",
    "contract-policies": "who approves which contract",
    "contracts": "contracts (合同)",
    "credit": "credit limits against what is owed (信用)",
    "credit-limits": "how much accounts may owe (信用额度)",
    "credit-policies": "when invoices are due, when to warn",
    "deliveries": "units delivered, and late (交付)",
    "events": "the feed of facts",
    "exports": "tables as files (导出); the table's own scope on top",
    "filing-policies": "deadlines of filings with the manufacturer",
    "filings": "filings with the manufacturer (系统提报)",
    "follow-up-policies": "when an overdue follow-up is the head's, too",
    "follow-ups": "who is to be contacted by when (跟进)",
    "forecasts": "forecast calls (预测)",
    "hand-overs": "work handed to successors (交接)",
    "identity-providers": "who may vouch for the people of this tenant",
    "imports": "files taken in (导入)",
    "improvements": "improvement loops (PDCA 改进)",
    "intelligence": "intelligence items and the monthly customer-information report (情报)",
    "inbound": "facts told by other systems (接入); the scope of the record on top",
    "inventories": "customer-base inventories (盘点)",
    "invoices": "invoices (发票)",
    "lead-plans": "lead plans and weekly reviews (集客计划)",
    "lead-policies": "who gets which leads, how soon they are answered",
    "leads": "leads and what became of them (线索)",
    "ledger": "postings of the ERP beside deliveries (台帐)",
    "level-policies": "how levels are computed",
    "meetings": "review meetings, decisions and instructions (会议)",
    "months": "month closes (月结)",
    "negotiations": "negotiations and prices (谈判)",
    "operations": "long work and how it stands",
    "opportunities": "opportunities and orders (商机)",
    "people": "staff (人员)",
    "persons": "persons as such: already on file, revealing, restricting, exporting, correcting, erasing",
    "plans": "annual plans and targets (计划)",
    "price-policies": "who grants which discount",
    "products": "the product list (产品)",
    "projects": "projects (项目)",
    "reason-catalogues": "why deals are lost",
    "receipts": "money received (回款)",
    "receivables": "what is owed, by age (应收)",
    "reports": "pipeline, hot customers, defeats, outcomes, kpi (报表)",
    "reconciliation": "counts and sums by day, beside another system's (对账)",
    "rolling-plans": "X+Y rolling plans (滚动计划)",
    "search": "finding records by name, pinyin, code or phone (搜索)",
    "solutions": "solutions drafted by technical support (方案)",
    "spend": "what channels cost (集客费用)",
    "splits": "the month's split (月度分解)",
    "today": "what a person has to do (今日)",
    "training-needs": "training needs (培训需求)",
    "units": "the organisation (组织)",
    "views": "how views stand",
    "visitor-counts": "visitors counted by channel and day (客流)",
    "visits": "visits (拜访)",
    "webhooks": "endpoints of other systems, and what is sent to them (推送)",
    "work-reports": "daily and monthly reports (日报月报)",
}
"""Every resource and what it is. A path of any other needs `*`; a test fails when a route has one that is not here."""

READS = frozenset(("GET", "HEAD"))
FREE = frozenset(("me",))
"""Segments any credential may ask for."""

_READ = {name: f"{name}:read" for name in RESOURCES} | dict.fromkeys(REPORTS, "reports:read")
_WRITE = {name: f"{name}:write" for name in RESOURCES} | dict.fromkeys(REPORTS, "reports:write")

SCOPES: dict[str, str] = {
    ALL: "everything but personal data",
    PERSONAL: "names, phones, mails and texts of customers' persons",
    **{_READ[name]: f"read {said}" for name, said in RESOURCES.items()},
    **{_WRITE[name]: f"change {said}" for name, said in RESOURCES.items()},
}
"""Every scope there is, with its meaning."""


def needed(method: str, path: str) -> str | None:
    """The scope a request needs, by its path within the service; None when it needs none."""
    if not path.startswith("/v1/"):
        return None
    segment = path.split("/", 3)[2]
    if segment in FREE:
        return None
    return (_READ if method in READS else _WRITE).get(segment, ALL)


def covers(held: Iterable[str], scope: str) -> bool:
    """Whether these scopes allow what this one names."""
    scopes = held if isinstance(held, frozenset) else frozenset(held)
    return scope in scopes or (ALL in scopes and scope != PERSONAL)
