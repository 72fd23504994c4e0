"""Steps of scenarios about opportunities and visits: what happened, on which day of March 2025."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from services.opportunities.opportunity.commands.closings import (
    ApproveDefeat,
    DisposeProspect,
    FreezeInstead,
    FreezeProspect,
    GiveTo,
    LoseContact,
    RejectDefeat,
    ReopenDeal,
    RequestDefeat,
    ResumeProspect,
    ReviewFreeze,
    VerifyDefeat,
)
from services.opportunities.opportunity.commands.orders import (
    AmendOrder,
    CancelUnits,
    DeliverUnits,
    InstallUnits,
    RescheduleDelivery,
    ShipUnits,
    TellCustomer,
    WinDeal,
)
from services.opportunities.opportunity.commands.prospects import (
    CaptureProspect,
    CompleteInstruction,
    GiveInstruction,
    QualifyProspect,
    ReferOpportunity,
    TransferOpportunity,
)
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.policies.level_policy import DEFAULT
from services.opportunities.policies.reason_catalogue import SHIPPED

NAMESPACE = UUID(int=7)
REP, OTHER_REP, HEAD = (uuid5(NAMESPACE, name) for name in ("rep", "other", "head"))
CUSTOMER_SERVICE = uuid5(NAMESPACE, "customer service")
EAST, WEST = uuid5(NAMESPACE, "east"), uuid5(NAMESPACE, "west")
ACCOUNT = uuid5(NAMESPACE, "account")
OPPORTUNITY = uuid5(NAMESPACE, "opportunity")

Step = Callable[[Opportunity], object]


def day(number: int) -> date:
    """A day of March 2025."""
    return date(2025, 3, 1) + timedelta(days=number - 1)


def at(number: int, hour: int = 2) -> datetime:
    """An instant of that day."""
    return datetime.combine(day(number), datetime.min.time(), UTC) + timedelta(hours=hour)


LINES = [{"product": "A6L", "units": 10, "unit_price": "300000"}]


def captured(number: int = 1, **said: Any) -> Callable[[], Opportunity]:
    body = {"account_id": ACCOUNT, "title": "出租车更新", "lines": LINES, "channel": "tender_notice", **said}

    def first() -> Opportunity:
        return Opportunity.capture(
            CaptureProspect.model_validate(body), id=OPPORTUNITY, owner_id=REP, unit_id=EAST, at=at(number)
        )

    return first


def qualify(number: int, level: str = "H", *, by: UUID = REP, **said: Any) -> Step:
    command = QualifyProspect.model_validate({"level": level, **said})
    return lambda o: o.qualify(command, by=by, at=at(number), levels=DEFAULT.codes)


def request_defeat(number: int, reason: str = "other_brand.price", *, automatic: bool = False, **said: Any) -> Step:
    command = RequestDefeat.model_validate({"reason": reason, **said})
    return lambda o: o.request_defeat(
        command, by=REP, at=at(number), day=day(number), catalogue=SHIPPED, automatic=automatic
    )


def approve_defeat(number: int, *, by: UUID = HEAD, **said: Any) -> Step:
    return lambda o: o.approve_defeat(ApproveDefeat.model_validate(said), by=by, at=at(number), catalogue=SHIPPED)


def reject_defeat(number: int, finding: str = "still_buying") -> Step:
    command = RejectDefeat.model_validate({"finding": finding})
    return lambda o: o.reject_defeat(command, by=HEAD, at=at(number))


def verify_defeat(number: int, verdict: str = "confirmed", *, automatic: bool = False, **said: Any) -> Step:
    command = VerifyDefeat.model_validate({"verdict": verdict, **said})
    return lambda o: o.verify_defeat(
        command, by=CUSTOMER_SERVICE, at=at(number), day=day(number), catalogue=SHIPPED, automatic=automatic
    )


def freeze_instead(number: int, *, recall: int = 60) -> Step:
    command = FreezeInstead(reason="未确认购买", recall_on=day(recall))
    return lambda o: o.freeze_instead(command, by=HEAD, at=at(number), day=day(number))


def give_to(number: int, owner: UUID = OTHER_REP, finding: str = "own_doing") -> Step:
    command = GiveTo.model_validate({"owner_id": owner, "finding": finding})
    return lambda o: o.give_to(command, unit_id=EAST, by=HEAD, at=at(number))


def reopen(number: int, **said: Any) -> Step:
    return lambda o: o.reopen(ReopenDeal.model_validate(said), at=at(number))


def freeze(number: int, *, automatic: bool = False, recall: int = 60) -> Step:
    command = FreezeProspect(reason="预算推迟", recall_on=day(recall))
    return lambda o: o.freeze(command, by=REP, at=at(number), day=day(number), automatic=automatic)


def approve_freeze(number: int) -> Step:
    return lambda o: o.approve_freeze(ReviewFreeze(), by=HEAD, at=at(number))


def reject_freeze(number: int) -> Step:
    return lambda o: o.reject_freeze(ReviewFreeze(), by=HEAD, at=at(number))


def lose_contact(number: int) -> Step:
    return lambda o: o.lose_contact(LoseContact(reason="停机"), at=at(number), day=day(number))


def resume(number: int) -> Step:
    return lambda o: o.resume(ResumeProspect(), at=at(number))


def dispose(number: int) -> Step:
    return lambda o: o.dispose(DisposeProspect(disposal="no_intention"), at=at(number))


def win(number: int, **said: Any) -> Step:
    return lambda o: o.win(WinDeal.model_validate(said), at=at(number))


def amend(number: int, **said: Any) -> Step:
    return lambda o: o.amend(AmendOrder.model_validate(said), at=at(number))


def reschedule(number: int, to: int, **said: Any) -> Step:
    command = RescheduleDelivery.model_validate({"promised_on": day(to), "reason": "排产推迟", **said})
    return lambda o: o.reschedule(command, at=at(number), day=day(number))


def tell_customer(number: int, **said: Any) -> Step:
    command = TellCustomer.model_validate(said)
    return lambda o: o.tell_customer(command, by=REP, at=at(number), day=day(number))


def ship(number: int, units: int | None = None, *serials: str, line: int = 1) -> Step:
    command = ShipUnits.model_validate({"units": [{"line": line, "units": units, "serials": serials}]})
    return lambda o: o.ship(command, at=at(number), day=day(number))


def install(number: int, units: int | None = None, *serials: str, line: int = 1) -> Step:
    command = InstallUnits.model_validate({"units": [{"line": line, "units": units, "serials": serials}]})
    return lambda o: o.install(command, at=at(number), day=day(number))


def deliver(number: int, units: int | None = None, *serials: str, line: int = 1) -> Step:
    command = DeliverUnits.model_validate({"units": [{"line": line, "units": units, "serials": serials}]})
    return lambda o: o.deliver(command, at=at(number), day=day(number))


def cancel(number: int, units: int | None = None, *serials: str, line: int = 1) -> Step:
    moves = None if units is None and not serials else [{"line": line, "units": units, "serials": serials}]
    command = CancelUnits.model_validate({"units": moves, "reason": "预算削减"})
    return lambda o: o.cancel(command, at=at(number), day=day(number))


def transfer(number: int, owner: UUID = OTHER_REP, unit: UUID = WEST) -> Step:
    return lambda o: o.transfer(TransferOpportunity(owner_id=owner), unit_id=unit, at=at(number))


def refer(number: int, key: str | None = "SO-1", system: str = "erp") -> Step:
    return lambda o: o.refer(ReferOpportunity(system=system, key=key), at=at(number))


def instruct(number: int, text: str = "约见分管领导") -> Step:
    command = GiveInstruction(text=text, due_on=day(number + 7))
    return lambda o: o.instruct(command, by=HEAD, at=at(number), day=day(number))


def complete_instruction(number: int) -> Step:
    return lambda o: o.complete_instruction(CompleteInstruction(), by=REP, at=at(number))


def correct(version: int, changes: dict[str, Any] | None = None, *, to: int | None = None, told: int = 30) -> Step:
    occurred_at = None if to is None else at(to)
    return lambda o: o.correct(
        version,
        changes or {},
        occurred_at=occurred_at,
        reason="录入错误",
        at=at(told),
        levels=DEFAULT.codes,
        catalogue=SHIPPED,
    )


def void(version: int, told: int = 30) -> Step:
    return lambda o: o.void(version, reason="重复录入", at=at(told))


CAPTURED = captured()
HOT = qualify(2, "H", expected_on="2025-03-10")
DEFEAT_REQUESTED = request_defeat(5)
DEFEATED = request_defeat(5, automatic=True)
FROZEN = freeze(5, automatic=True)
LOST_CONTACT = lose_contact(5)
WON = win(5)
