"""Whose records the streams of all services are, by stream type. A test fails for a stream type that is not here.

Each says what the commands and reads of its noun say, from the standing alone. Where those know more than a standing
says (posts, who works below a unit), fewer see the events than the record: never more.
"""

from __future__ import annotations

from shared.feed.scopes import COMPANY, EVERYBODY, ITSELF, Scope, Scopes, Through
from shared.identity.principal import ACCOUNT_MANAGER, FUNCTIONS, REPRESENTATIVE

_OPPORTUNITY = (Through("opportunity_id", ("opportunity",)),)
_ACCOUNT = (Through("account_id", ("account",)),)

_OWN = Scope(owner="owner_id", unit="unit_id")
"""Whose it is and whoever supervises them, and who has a function at its unit or above."""
_OF_UNIT = Scope(unit="unit_id")
_OF_OPPORTUNITY = Scope(through=_OPPORTUNITY, lane=("opportunity_id",))
"""Who sees the opportunity sees what belongs to it."""
_OF_ACCOUNT = Scope(through=_ACCOUNT, lane=("account_id",))

_ACCOUNTS: Scopes = {
    "account": Scope(owner="owner_id", unit="unit_id", persons=("$.support_team[*].person_id",)),
    "unit": EVERYBODY,
    # The directory is open to all, what befell a member of staff only to who sees them.
    "person": Scope(owner=ITSELF),
    # An id that says nothing to who never saw the person; who did and is not told would keep what must be erased.
    "data_subject": EVERYBODY,
    "erasure": EVERYBODY,
    "tenant": COMPANY,
    "api_key": COMPANY,
}

_OPPORTUNITIES: Scopes = {
    "opportunity": Scope(owner="owner_id", unit="unit_id", supported="account_id"),
    "lead": Scope(
        owner="owner_id",
        unit="unit_id",
        supported="account_id",
        through=_OPPORTUNITY,
        posted=frozenset((REPRESENTATIVE, ACCOUNT_MANAGER)),
    ),
    "visit": Scope(
        owner="owner_id",
        unit="unit_id",
        persons=("$.participants[*] ? (@ != $.owner_id)",),
        supported="account_id",
        through=(Through("opportunity_ids", ("opportunity",), many=True),),
        lane=("opportunity_ids", "account_id"),
    ),
    "project": Scope(
        persons=("$.manager_id",), through=(*_OPPORTUNITY, *_ACCOUNT), lane=("opportunity_id", "account_id")
    ),
    "attachment": Scope(
        through=(
            Through(
                "record_id",
                (
                    "opportunity",
                    "visit",
                    "bid",
                    "contract",
                    "filing",
                    "solution",
                    "negotiation",
                    "project",
                    "lead",
                ),
            ),
        ),
        lane=("opportunity_id", "account_id", "record_id"),
    ),
    **dict.fromkeys(("solution", "bid", "negotiation", "contract", "filing", "invoice"), _OF_OPPORTUNITY),
    "receipt": _OF_ACCOUNT,
    "credit": _OF_ACCOUNT,
    "posting": COMPANY,  # the books: head office and the finance department
    "visitor_count": Scope(unit="unit_id", posted=FUNCTIONS),
    "channel_spend": _OF_UNIT,
    "lead_rota": COMPANY,
    "product": EVERYBODY,
    **dict.fromkeys(
        (
            "reason_catalogue",
            "level_policy",
            "approval_policy",
            "filing_policy",
            "follow_up_policy",
            "lead_policy",
            "credit_policy",
            "price_policy",
            "contract_policy",
        ),
        EVERYBODY,
    ),
}

_KPI: Scopes = {
    **dict.fromkeys(
        (
            "annual_plan",
            "rolling_plan",
            "lead_plan",
            "split",
            "confirmation",
            "forecast",
            "budget",
            "expense_claim",
            "work_report",
            "intelligence",
        ),
        _OWN,
    ),
    "company_figure": Scope(owner="entered_by", unit="unit_id"),
    "meeting": Scope(owner="owner_id", unit="unit_id", persons=("$.participants[*]", "$.instructions[*].owner_id")),
    "improvement": Scope(owner="owner_id", unit="unit_id", persons=("$.measures[*].owner_id",)),
    "inventory": _OF_UNIT,  # its facts tell of everybody's lines, of which who works there sees their own
    # About a person: seen by posts above theirs, which a standing does not tell.
    "assessment": COMPANY,
    "commission": COMPANY,
    "training_need": COMPANY,
    "customer_report": EVERYBODY,
    "month": EVERYBODY,
    **dict.fromkeys(
        (
            "working_calendar",
            "sales_month",
            "kpi_definition",
            "assessment_scheme",
            "commission_rule",
            "reporting_duties",
            "rolling_policy",
        ),
        EVERYBODY,
    ),
}

SCOPES: Scopes = {**_ACCOUNTS, **_OPPORTUNITIES, **_KPI, "webhook_endpoint": COMPANY}
