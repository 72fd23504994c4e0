"""What an integration says of an opportunity otherwise than it stands: judged anew, or corrected. Pure.

How near the order is, and what is to be sold, are judgements from now on; of a prospect nobody has judged yet, and of
all else, what was recorded is corrected. What the body does not name stays.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from services.opportunities.opportunity.commands.by_ref import PutOpportunity
from services.opportunities.opportunity.commands.prospects import Judgement, ReferOpportunity
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.policies.reason_catalogue import ReasonCatalogue

JUDGED = ("expected_on", "stage", "stage_given", "probability", "probability_given", "lines", "amount")
"""Told by judgements. Null leaves them as they are, but for the expected day, which may be not known any more."""
RECORDED = ("account_id", "title", "channel", "channel_given", "currency", "key_person_id", "attributes")
WHY = "put"
"""The reason given for corrections."""


def bring_up_to_date(
    opportunity: Opportunity,
    said: PutOpportunity,
    *,
    by: UUID,
    at: datetime,
    levels: Collection[str],
    catalogue: ReasonCatalogue,
) -> None:
    """Record what differs; says nothing when nothing does. Raises Refused as the commands it comes to."""
    standing = opportunity.standing
    for system, key in said.external_refs.items():
        if (standing.get("external_refs") or {}).get(system) != key:
            opportunity.refer(ReferOpportunity(system=system, key=key), at=at)
    told = {name: getattr(said, name) for name in JUDGED if said.says(name)}
    news = {
        name: value
        for name, value in told.items()
        if (value is not None or name == "expected_on") and not _same(name, standing.get(name), value)
    }
    wrong = {
        name: getattr(said, name)
        for name in RECORDED
        if said.says(name) and not _same(name, standing.get(name), getattr(said, name))
    }
    level = said.level or standing.get("level")
    if level is None:
        wrong |= news
    _correct(opportunity, wrong, at=at, levels=levels, catalogue=catalogue)
    if level is not None and (news or level != standing.get("level")):
        news.setdefault("expected_on", standing.get("expected_on"))
        judgement = Judgement(level=level, **{name: value for name, value in news.items() if value != ()})
        opportunity.qualify(judgement, by=by, at=at, levels=levels)


def _correct(
    opportunity: Opportunity,
    wrong: dict[str, Any],
    *,
    at: datetime,
    levels: Collection[str],
    catalogue: ReasonCatalogue,
) -> None:
    """Each field where it was said last."""
    by_version: dict[int, dict[str, Any]] = {}
    entries = sorted(opportunity.entries(), key=lambda entry: (entry.occurred_at, entry.version), reverse=True)
    for name, value in wrong.items():
        if (where := next((entry.version for entry in entries if name in entry.changes), None)) is not None:
            by_version.setdefault(where, {})[name] = _plain(value)
    for version, changes in sorted(by_version.items()):
        opportunity.correct(version, changes, occurred_at=None, reason=WHY, at=at, levels=levels, catalogue=catalogue)


def _same(name: str, stands: Any, said: Any) -> bool:
    if name == "lines":
        as_stood = [(line.product, line.units, line.unit_price) for line in stands or ()]
        return as_stood == [(line.product, line.units, line.unit_price) for line in said]
    return bool(stands == said)


def _plain(value: Any) -> Any:
    """As a correction takes it: JSON."""
    if isinstance(value, tuple):
        return [_plain(one.model_dump(exclude_none=True)) for one in value]
    return msgspec.to_builtins(value)
