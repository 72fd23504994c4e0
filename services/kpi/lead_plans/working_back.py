"""From an order target back to leads, through the conversion rates. Pure arithmetic: what it goes by is given to it.

units / units_per_order = orders; orders / prospect_conversion = prospects that must be there; less the open stock =
records to capture; by record_mix to channels; records / lead_to_record of the channel = its leads. Each step rounds up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, Decimal

from services.kpi.lead_plans.events import LeadChannel, LeadRate, LeadsRequired
from services.kpi.splits.shares import divided
from shared.event_store.stream import Refused

PRECISION = Decimal("0.000001")


def rate_of(
    name: str, numerator: Decimal, denominator: Decimal, *, unit_id: object, channel: str | None = None
) -> LeadRate:
    """A counted rate; the denominator is not 0."""
    value = (numerator / denominator).quantize(PRECISION)
    return LeadRate(name, value, channel, numerator, denominator, unit_id)  # type: ignore[arg-type]


def worked_back(
    units: Decimal, source: str, stock: int, rates: Sequence[LeadRate], budgets: Mapping[str, tuple[Decimal, str]]
) -> tuple[LeadsRequired, tuple[LeadChannel, ...]]:
    """What is required, and what each channel is to bring.

    Raises Refused 422 `no_rate` for one that is missing or 0 (`params`: rate, channel).
    """
    per_order = _exact(rates, "units_per_order")
    conversion = _exact(rates, "prospect_conversion")
    orders = _up(units / per_order)
    prospects = _up(Decimal(orders) / conversion)
    records = max(prospects - stock, 0)
    mix = [rate for rate in rates if rate.name == "record_mix" and rate.value > 0]
    if not mix:
        raise _no_rate("record_mix", None)
    parts = divided(Decimal(records), [_value(rate) for rate in mix], smallest=Decimal(1))
    channels = []
    for rate, part in zip(mix, parts, strict=True):
        leads = _up(part / _exact(rates, "lead_to_record", rate.channel)) if part else 0
        budget, currency = budgets.get(rate.channel or "", (None, None))
        channels.append(LeadChannel(rate.channel or "", leads, int(part), budget, currency))
    leads = sum(one.leads for one in channels)
    return LeadsRequired(units, source, orders, prospects, stock, records, leads), tuple(channels)


def _exact(rates: Sequence[LeadRate], name: str, channel: str | None = None) -> Decimal:
    for rate in rates:
        if (rate.name, rate.channel) == (name, channel) and (value := _value(rate)) > 0:
            return value
    raise _no_rate(name, channel)


def _value(rate: LeadRate) -> Decimal:
    """As counted, not as rounded for showing."""
    if rate.numerator is not None and rate.denominator:
        return rate.numerator / rate.denominator
    return rate.value


def _no_rate(name: str, channel: str | None) -> Refused:
    return Refused("no_rate", f"state the rate {name}", status=422, pointer="/rates", rate=name, channel=channel or "-")


def _up(value: Decimal) -> int:
    return int(value.quantize(PRECISION).to_integral_value(rounding=ROUND_CEILING))
