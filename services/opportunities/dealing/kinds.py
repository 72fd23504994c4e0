"""Solutions, bids, prices and contracts that wait for a decision, for the inbox. Holds no rule of any of them.

The inbox shows what waits to whoever stands in the line; a limit is judged when they decide (403 `above_limit`), and
who has passed a request on is not shown it again.
"""

from __future__ import annotations

from services.accounts.events import Function
from services.opportunities.approvals.kinds import Decision, Kind
from services.opportunities.bids import routes as bids
from services.opportunities.bids.commands import DecideBid
from services.opportunities.bids.views import BIDS
from services.opportunities.contracts import approval_routes as contracts
from services.opportunities.contracts.commands import (
    ApproveAmendment,
    ApproveContract,
    PassContractOn,
    ReturnAmendment,
    ReturnContract,
)
from services.opportunities.contracts.views import CONTRACTS
from services.opportunities.negotiations import price_routes as prices
from services.opportunities.negotiations.commands import ApprovePrice, PassPriceOn, RefusePrice
from services.opportunities.negotiations.views import NEGOTIATIONS
from services.opportunities.reports.asking import Sql
from services.opportunities.solutions import routes as solutions
from services.opportunities.solutions.commands import ApproveSolution, ReturnSolution
from services.opportunities.solutions.views import SOLUTIONS
from services.opportunities.views.accounts import ACCOUNTS
from shared.identity.sight import Sight

ENTERED = """(select (e.metadata ->> 'actor')::uuid from es.events as e
                where e.tenant_id = r.tenant_id and e.stream_id = r.stream_id and e.type = '{type}'
                order by e.version desc limit 1)"""

SOLUTION = """
select r.stream_id as id, r.opportunity_id, r.drafted_by as requested_by, r.submitted_by as entered_by,
       r.waiting_since as requested_at, r.amount, r.currency,
       jsonb_strip_nulls(jsonb_build_object(
           'need', r.need, 'summary', r.summary, 'draft', r.draft, 'cost', r.cost::text,
           'wanted_by', r.wanted_by)) as summary
  from {solutions} as r
 where {holds} and r.status = 'submitted'
"""
BID = """
select r.stream_id as id, r.opportunity_id, r.recorded_by as requested_by, {entered} as entered_by,
       r.recorded_at as requested_at, null::numeric as amount, null::text as currency,
       jsonb_strip_nulls(jsonb_build_object(
           'tender_number', r.tender_number, 'tenderer', r.tenderer, 'opening_at', r.opening_at,
           'bond_amount', r.bond_amount::text, 'bond_currency', r.currency, 'bond_due_on', r.bond_due_on)) as summary
  from {bids} as r
 where {holds} and r.status = 'considered'
"""
PRICE = """
select r.stream_id as id, r.opportunity_id, r.price_requested_by as requested_by, {entered} as entered_by,
       r.price_requested_at as requested_at, r.price_amount as amount, r.price_currency as currency,
       jsonb_strip_nulls(jsonb_build_object(
           'lines', r.price_lines, 'discount', r.price_discount::text, 'needs', r.price_needs,
           'reason', r.price_reason, 'passed_by', r.price_passed_by)) as summary
  from {negotiations} as r
 where {holds} and r.status = 'open' and r.price_status = 'requested'
"""
CONTRACT = """
select r.stream_id as id, r.opportunity_id, r.drafted_by as requested_by, r.submitted_by as entered_by,
       r.waiting_since as requested_at, r.amount, r.currency,
       jsonb_strip_nulls(jsonb_build_object(
           'title', r.title, 'draft', r.draft, 'needs', r.needs, 'payment_terms', r.payment_terms,
           'delivery_terms', r.delivery_terms, 'warranty_terms', r.warranty_terms, 'ends_on', r.ends_on,
           'passed_by', r.passed_by)) as summary
  from {contracts} as r
 where {holds} and r.waits = 'contract'
"""
AMENDMENT = """
select r.stream_id as id, r.opportunity_id, r.amendment_requested_by as requested_by, {entered} as entered_by,
       r.waiting_since as requested_at, (r.amendment -> 'terms' ->> 'amount')::numeric as amount,
       r.amendment -> 'terms' ->> 'currency' as currency,
       jsonb_strip_nulls(jsonb_build_object(
           'number', r.number, 'reason', r.amendment ->> 'reason', 'amount_before', r.amount::text, 'needs', r.needs,
           'passed_by', r.passed_by)) as summary
  from {contracts} as r
 where {holds} and r.waits = 'amendment'
"""


def _solutions(sql: Sql) -> str:
    return sql.text(SOLUTION, holds=sql.holds("r"))


def _bids(sql: Sql) -> str:
    return sql.text(BID, holds=sql.holds("r"), entered=ENTERED.format(type="TenderRecorded"))


def _prices(sql: Sql) -> str:
    return sql.text(PRICE, holds=sql.holds("r"), entered=ENTERED.format(type="PriceRequested"))


def _contracts(sql: Sql) -> str:
    return sql.text(CONTRACT, holds=sql.holds("r"))


def _amendments(sql: Sql) -> str:
    return sql.text(AMENDMENT, holds=sql.holds("r"), entered=ENTERED.format(type="AmendmentRequested"))


# As `is_account_manager` of rights.py has it: neither of the two who drafted and handed in.
MANAGES = """({in_line} or (
    not ({me}::uuid in (w.requested_by, w.entered_by))
    and exists (select from {accounts} as a
                 where a.tenant_id = $1 and a.stream_id = n.account_id and a.to_at is null
                   and (a.owner_id = any({selves}::uuid[]) or a.support_team && {managers}::uuid[]))))"""


def _manages(sql: Sql, sight: Sight, in_line: str) -> str:
    managers = [seat.person_id for seat in sight.seats if seat.has((Function.ACCOUNT_MANAGER,))]
    return MANAGES.format(
        in_line=in_line,
        accounts=ACCOUNTS.table,
        me=sql(sight.person_id),
        selves=sql(sorted(sight.selves)),
        managers=sql(managers),
    )


def _not_passed_on(sql: Sql, sight: Sight, in_line: str) -> str:
    mine = f"(w.summary ->> 'passed_by')::uuid = any({sql(sorted(sight.selves))}::uuid[])"
    return f"{in_line} and not coalesce({mine}, false)"


KINDS = (
    Kind(
        code="solution",
        zh="方案审批",
        en="Solution",
        path="/v1/solutions/{id}",
        views=(SOLUTIONS, ACCOUNTS),
        waiting=_solutions,
        decisions={
            "approve": Decision("approve", ApproveSolution, solutions.approve),
            "return": Decision("return", ReturnSolution, solutions.give_back),
        },
        whose=_manages,
    ),
    Kind(
        code="bid",
        zh="投标决策",
        en="Whether to bid",
        path="/v1/bids/{id}",
        views=(BIDS,),
        waiting=_bids,
        decisions={"decide": Decision("decide", DecideBid, bids.decide)},
    ),
    Kind(
        code="price",
        zh="价格审批",
        en="Price",
        path="/v1/negotiations/{id}",
        views=(NEGOTIATIONS,),
        waiting=_prices,
        decisions={
            "approve": Decision("approve-price", ApprovePrice, prices.approve_price),
            "refuse": Decision("refuse-price", RefusePrice, prices.refuse_price),
            "pass_on": Decision("pass-price-on", PassPriceOn, prices.pass_price_on),
        },
        whose=_not_passed_on,
    ),
    Kind(
        code="contract",
        zh="合同审批",
        en="Contract",
        path="/v1/contracts/{id}",
        views=(CONTRACTS,),
        waiting=_contracts,
        decisions={
            "approve": Decision("approve", ApproveContract, contracts.approve),
            "return": Decision("return", ReturnContract, contracts.give_back),
            "pass_on": Decision("pass-on", PassContractOn, contracts.pass_on),
        },
        whose=_not_passed_on,
    ),
    Kind(
        code="contract_amendment",
        zh="补充协议审批",
        en="Contract amendment",
        path="/v1/contracts/{id}",
        views=(CONTRACTS,),
        waiting=_amendments,
        decisions={
            "approve": Decision("approve-amendment", ApproveAmendment, contracts.approve_amendment),
            "return": Decision("return-amendment", ReturnAmendment, contracts.return_amendment),
            "pass_on": Decision("pass-on", PassContractOn, contracts.pass_on),
        },
        whose=_not_passed_on,
    ),
)
