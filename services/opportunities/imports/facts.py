"""One imported record → the facts of its opportunity, by the rules of opportunities, at their business times. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from services.opportunities.events import DefeatKind
from services.opportunities.fields import LineGiven
from services.opportunities.imports.target import CLOSED, MappedRow
from services.opportunities.opportunity.commands.closings import FreezeProspect, LoseContact, RequestDefeat
from services.opportunities.opportunity.commands.orders import DeliverUnits, UnitsOfLine, WinDeal
from services.opportunities.opportunity.commands.prospects import CaptureProspect, Contact, QualifyProspect
from services.opportunities.opportunity.movements import units_left
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.policies.level_policy import LevelPolicies, tenant_policy
from services.opportunities.policies.reason_catalogue import ReasonCatalogues, in_force
from shared.days import start_of
from shared.event_store.stream import Refused
from shared.records.business_time import business_time

SHARE_PLACES = Decimal("0.000001")
REASON_CHARS = 500


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What holds for a whole import: its instant, the tenant's zone and published rules."""

    now: datetime
    zone: ZoneInfo
    policies: LevelPolicies | None
    catalogues: ReasonCatalogues | None

    def levels(self, day: date) -> tuple[str, ...]:
        return tenant_policy(self.policies, day).codes


@dataclass(frozen=True, slots=True)
class Named:
    """What the row's references were found to be. `products` line by line."""

    owner_id: UUID
    unit_id: UUID
    account_id: UUID | None
    products: tuple[str, ...]
    contact_id: UUID | None


def opportunity_of(row: MappedRow, named: Named, *, id: UUID, given: Circumstances) -> Opportunity:
    """The record as if entered day by day. Raises Refused, and ValidationError for what no command takes."""
    at = captured_at(row, given)
    opportunity = Opportunity.capture(
        _capture(row, named), id=id, owner_id=named.owner_id, unit_id=named.unit_id, at=at, contact_id=named.contact_id
    )
    if row.level is not None:
        judge(opportunity, row, named, given, at=_on(row.judged_on or row.captured_on, opportunity, given))
    close(opportunity, row, named, given)
    return opportunity


def captured_at(row: MappedRow, given: Circumstances) -> datetime:
    """When it was captured: the file's instant, its day, else the instant of the import."""
    if row.captured_at is not None:
        return _past(row.captured_at, given)
    if row.captured_on is None:
        return given.now
    return start_of(row.captured_on, given.zone)


def judge(opportunity: Opportunity, row: MappedRow, named: Named, given: Circumstances, *, at: datetime) -> None:
    """The level the row declares."""
    opportunity.qualify(
        QualifyProspect(
            level=row.level or "",
            expected_on=row.expected_on,
            stage=stage_code(row),
            stage_given=row.stage_given,
            probability=_share(row.probability),
            probability_given=row.probability_given,
        ),
        by=named.owner_id,
        at=at,
        levels=given.levels(at.astimezone(given.zone).date()),
    )


def close(opportunity: Opportunity, row: MappedRow, named: Named, given: Circumstances) -> None:
    """What became of it, as far as the row tells."""
    if row.life_cycle not in CLOSED:
        return
    assert row.closed_on is not None
    day = row.closed_on
    at = _on(day, opportunity, given) if row.closed_at is None else _past(row.closed_at, given)
    match row.life_cycle:
        case "won" | "delivered":
            win(opportunity, row, named, at=at)
            if row.life_cycle == "delivered":
                deliver(opportunity, row, given)
        case "lost":
            opportunity.request_defeat(
                _defeat(row), by=named.owner_id, at=at, day=day, catalogue=in_force(given.catalogues, day),
                automatic=True,
            )  # fmt: skip
        case "frozen":
            # unlike by hand, a freeze may be imported without the day of recall
            known: dict[str, Any] = {"reason": _why(row), "recall_on": _after(row.recall_on, day)}
            freeze = FreezeProspect.model_construct(**known)
            opportunity.freeze(freeze, by=named.owner_id, at=at, day=day, automatic=True)
        case "lost_contact":
            opportunity.lose_contact(
                LoseContact(reason=_why(row), recall_on=_after(row.recall_on, day)), at=at, day=day
            )


def win(opportunity: Opportunity, row: MappedRow, named: Named, *, at: datetime) -> None:
    """The order, as the row has it now: prices may be known only since."""
    before = opportunity.standing_at(at)
    if lines_of(row, named) == [(line.product, line.units, line.unit_price) for line in before.get("lines", ())]:
        command = WinDeal(currency=row.currency, amount=row.amount)
    else:
        command = WinDeal(lines=_lines(row, named) or None, currency=row.currency, amount=row.amount)
    opportunity.win(command, at=at, lines_required=False)


def deliver(opportunity: Opportunity, row: MappedRow, given: Circumstances) -> None:
    """Every unit still to be delivered, on the day the row states."""
    assert row.delivered_on is not None
    at = _on(row.delivered_on, opportunity, given)
    left = units_left(opportunity.standing_at(at))
    moves = tuple(UnitsOfLine(line=line, units=units) for line, units in left.items() if units > 0)
    if moves:
        opportunity.deliver(DeliverUnits(units=moves), at=at, day=row.delivered_on)


def stage_code(row: MappedRow) -> str | None:
    """Our word for the stage; none for a record that is closed, since before that it stood at another one."""
    return None if row.life_cycle in CLOSED else "_".join(row.stage.split()) or None


def lines_of(row: MappedRow, named: Named) -> list[tuple[str, int, Decimal | None]]:
    """Product code, units and price of each line."""
    return [(code, line.units, line.unit_price) for code, line in zip(named.products, row.lines, strict=True)]


def _lines(row: MappedRow, named: Named) -> tuple[LineGiven, ...]:
    return tuple(LineGiven(product=code, units=units, unit_price=price) for code, units, price in lines_of(row, named))


def _capture(row: MappedRow, named: Named) -> CaptureProspect:
    contact = row.contact
    return CaptureProspect(
        account_id=named.account_id,
        title=row.title,
        channel=row.channel,
        channel_given=row.channel_given,
        lines=_lines(row, named),
        currency=row.currency,
        amount=row.amount,
        stage=stage_code(row),
        stage_given=row.stage_given,
        probability=_share(row.probability),
        probability_given=row.probability_given,
        expected_on=row.expected_on,
        contact=None if contact is None else Contact(name=contact.name, phone=contact.phone, mail=contact.mail),
        external_refs={row.external_system: row.external_ref},
        attributes=_plain(row.attributes),
    )


def _defeat(row: MappedRow) -> RequestDefeat:
    return RequestDefeat(
        kind=DefeatKind(row.defeat_kind or "confirmed"),
        reason=row.reason_code or "",
        reason_given=row.reason_given,
        competitor_brand=row.competitor,
        recall_on=row.recall_on,
    )


def _plain(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """JSON values, as they are read back."""
    return dict(msgspec.to_builtins(attributes)) if attributes else {}


def _share(share: Decimal | None) -> Decimal | None:
    if share is None or (exponent := share.as_tuple().exponent) in ("F", "n", "N") or int(exponent) >= -6:
        return share
    return share.quantize(SHARE_PLACES)


def _why(row: MappedRow) -> str:
    return (row.reason_given or row.reason_code or row.stage_given)[:REASON_CHARS]


def _after(day: date | None, closed: date) -> date | None:
    """A recall date, unless it is no later than the day itself: then none is known."""
    return None if day is None or day <= closed else day


def _on(day: date | None, opportunity: Opportunity, given: Circumstances) -> datetime:
    return business_time(day, now=given.now, zone=given.zone, after=opportunity)


def _past(at: datetime, given: Circumstances) -> datetime:
    if at > given.now:
        raise Refused("in_the_future", f"{at} is not yet", status=422)
    return at
