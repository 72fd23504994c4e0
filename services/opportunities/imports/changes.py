"""What a row says otherwise than the imports before it: recorded on the opportunity as it stands. Pure.

A row is compared with what imports have said, not with the standing: what people changed here since is theirs, until
the file itself says something new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import msgspec

from services.opportunities.events import Status
from services.opportunities.imports import facts as import_facts
from services.opportunities.imports.facts import Circumstances, Named
from services.opportunities.imports.target import CLOSED, MappedRow
from services.opportunities.opportunity.commands.closings import ReopenDeal, ResumeProspect
from services.opportunities.opportunity.commands.prospects import TransferOpportunity
from services.opportunities.opportunity.life_cycle import ALREADY
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.policies.reason_catalogue import in_force
from shared.event_store.command import StoredFact
from shared.event_store.stream import AnyFact, Refused
from shared.imports.upload import UNDONE

WHY = "import"
"""The reason given for corrections."""

OUTCOMES = {
    "DealWon": frozenset({Status.ORDERED, Status.CANCELLED}),
    "DealLost": frozenset({Status.DEFEATED}),
    "ProspectFrozen": frozenset({Status.FROZEN}),
    "ContactLost": frozenset({Status.LOST_CONTACT}),
}
"""Facts that close, and the status each leads to."""
REVIVALS = frozenset({"DealReopened", "ProspectResumed"})
FORGOTTEN = (*OUTCOMES, "DefeatRequested", "FreezeRequested", "UnitsDelivered")
"""What a revival makes undone: told again, it happened again."""
DOERS = frozenset({"judged_by", "defeat_requested_by", "freeze_requested_by"})
"""The owner of that time: another owner has not done it."""
KEPT = frozenset({"external_refs"})
"""Other systems' keys of the record stay beside the file's."""
NEVER_CORRECTED = frozenset({"owner_id", "unit_id", "status", "review"})
"""Owner and unit are handed over, status and review follow from facts."""


@dataclass(slots=True)
class Said:
    """A fact as imports have told it: its version, its business time, the standing fields it set."""

    version: int
    occurred_at: datetime
    changes: dict[str, Any]


def said_by_imports(stored: Sequence[StoredFact]) -> dict[str, Said]:
    """The latest fact of each type that an import recorded, as imports have corrected it since.

    A record that no import has told anything about was entered by hand: then all of it is compared. What an import
    told that was undone has not been told.
    """
    undone = {fact.data["version"] for fact in stored if fact.metadata.get("origin") == UNDONE}
    there = [fact for fact in stored if fact.version not in undone and fact.metadata.get("origin") != UNDONE]
    imported = [fact for fact in there if fact.metadata.get("origin") == "import"] or there
    said: dict[str, Said] = {}
    for fact in imported:
        if fact.type == "FactCorrected":
            for known in said.values():
                if known.version == fact.data["version"]:
                    known.changes |= fact.data["changes"]
                    if (at := fact.data.get("occurred_at")) is not None:
                        known.occurred_at = datetime.fromisoformat(at)
        elif fact.type in REVIVALS:
            for closing in FORGOTTEN:
                said.pop(closing, None)
        elif "changes" in fact.data:
            said[fact.type] = Said(fact.version, fact.occurred_at, dict(fact.data["changes"]))
    return said


def bring_up_to_date(
    opportunity: Opportunity,
    stored: Sequence[StoredFact],
    fresh: Opportunity,
    row: MappedRow,
    named: Named,
    given: Circumstances,
) -> None:
    """Record on `opportunity` what the row says anew; `fresh` is the row told for the first time. Raises Refused."""
    if opportunity.read_only is not None:
        raise Refused("newer_version", "newer code wrote to this record")
    said = said_by_imports(stored)
    wanted = {
        type(fact).__name__: Said(
            fact.originator_version, fact.timestamp, _as_read(fresh.changes_of(fact.originator_version))
        )
        for fact in cast("list[AnyFact]", fresh.pending_events)
    }
    news = News(said, wanted, row, given)
    if all(news.is_known(name) for name in wanted) and _closings(said) <= wanted.keys():
        return
    _hand_over(opportunity, said, wanted, named, given)
    _revive(opportunity, said, wanted, row, given)
    _close(opportunity, said, wanted, row, named, given)
    _judge(opportunity, news, named)
    _correct(opportunity, news)


class News:
    """How what a row says differs from what imports have said."""

    def __init__(self, said: dict[str, Said], wanted: dict[str, Said], row: MappedRow, given: Circumstances) -> None:
        self.said, self.wanted, self.row, self.given = said, wanted, row, given
        # What a later fact says too is compared there: at the capture it may well have been otherwise.
        self._later = {
            field for name, fact in wanted.items() if name != "ProspectCaptured" for field in fact.changes
        } - {"status", "review"}

    def is_known(self, name: str) -> bool:
        return name in self.said and not self.differences(name) and not self.has_moved(name)

    def differences(self, name: str) -> dict[str, Any]:
        """Fields of a fact told before that the row has otherwise."""
        wanted, said = self.wanted[name], self.said[name]
        passed_over = {*DOERS, *KEPT}
        if name == "ProspectCaptured":
            passed_over |= self._later
            if self.row.life_cycle in CLOSED:
                passed_over.add("stage")  # which it had been at is not known
        if self.row.unit is None and wanted.changes.get("owner_id") == said.changes.get("owner_id"):
            passed_over.add("unit_id")  # it is the owner's unit, who may have moved since
        return {
            field: value
            for field, value in wanted.changes.items()
            if field not in passed_over and field in said.changes and said.changes[field] != value
        }

    def has_moved(self, name: str) -> bool:
        """Whether the row states another day, or instant where it has one. What has no date of its own has not."""
        row, wanted, said = self.row, self.wanted[name].occurred_at, self.said[name].occurred_at
        match name:
            case "ProspectCaptured":
                undated, exact = row.captured_on is None, row.captured_at is not None
            case "ProspectQualified":
                undated, exact = row.judged_on is None, False
            case "UnitsDelivered":
                undated, exact = False, False
            case _:
                undated, exact = False, row.closed_at is not None
        if undated:
            return False
        zone = self.given.zone
        return wanted != said if exact else wanted.astimezone(zone).date() != said.astimezone(zone).date()


def _as_read(changes: dict[str, Any]) -> dict[str, Any]:
    """Standing fields as the log gives them back."""
    return cast("dict[str, Any]", msgspec.json.decode(msgspec.json.encode(changes)))


def _closings(said: Mapping[str, Said]) -> frozenset[str]:
    return frozenset(OUTCOMES) & said.keys()


def _hand_over(
    opportunity: Opportunity, said: dict[str, Said], wanted: dict[str, Said], named: Named, given: Circumstances
) -> None:
    """Another owner or unit: from the instant of the import on."""
    captured = said.get("ProspectCaptured")
    if captured is None:
        return
    last = (said.get("OpportunityTransferred") or captured).changes
    now = wanted["ProspectCaptured"].changes
    if now["owner_id"] == last.get("owner_id"):
        if now["unit_id"] == last.get("unit_id"):
            return
    elif str(opportunity.standing.get("owner_id")) == now["owner_id"]:
        return
    opportunity.transfer(TransferOpportunity(owner_id=named.owner_id), unit_id=named.unit_id, at=given.now)


def _revive(
    opportunity: Opportunity, said: dict[str, Said], wanted: dict[str, Said], row: MappedRow, given: Circumstances
) -> None:
    """The row says no more that it was closed, or that it was closed so."""
    dropped = _closings(said) - wanted.keys()
    if not dropped or opportunity.status is Status.OPEN:
        return
    if opportunity.status not in {status for name in dropped for status in OUTCOMES[name]}:
        return
    at = given.now
    if row.life_cycle in CLOSED:
        at = next(wanted[name].occurred_at for name in OUTCOMES if name in wanted)
    match opportunity.status:
        case Status.DEFEATED | Status.CANCELLED:
            opportunity.reopen(ReopenDeal(reason=WHY), at=at)
        case Status.FROZEN | Status.LOST_CONTACT:
            opportunity.resume(ResumeProspect(reason=WHY), at=at)
        case status:
            raise Refused(*ALREADY[status])


def _close(
    opportunity: Opportunity,
    said: dict[str, Said],
    wanted: dict[str, Said],
    row: MappedRow,
    named: Named,
    given: Circumstances,
) -> None:
    """What became of it since."""
    if any(name in wanted and name not in said for name in (*OUTCOMES, "DefeatRequested")):
        import_facts.close(opportunity, row, named, given)
    elif "UnitsDelivered" in wanted and "UnitsDelivered" not in said:
        import_facts.deliver(opportunity, row, given)


def _judge(opportunity: Opportunity, news: News, named: Named) -> None:
    """A level judged for the first time, or anew since."""
    name, row, given = "ProspectQualified", news.row, news.given
    if name not in news.wanted or opportunity.status is not Status.OPEN:
        return
    if name not in news.said:
        at = given.now if row.judged_on is None else news.wanted[name].occurred_at
    elif row.judged_on is None and news.differences(name):
        at = given.now
        del news.said[name]
    else:
        return
    import_facts.judge(opportunity, row, named, given, at=at)


def _correct(opportunity: Opportunity, news: News) -> None:
    """Facts told before that the row has otherwise: corrected where they stand."""
    corrections: list[tuple[Said, Said, dict[str, Any], bool]] = []
    for name in news.wanted.keys() & news.said.keys():
        changes = {field: value for field, value in news.differences(name).items() if field not in NEVER_CORRECTED}
        if changes or news.has_moved(name):
            corrections.append((news.said[name], news.wanted[name], changes, news.has_moved(name)))
    corrections.sort(key=lambda correction: correction[0].version)
    before = opportunity.version
    try:
        _apply(opportunity, corrections, news.given)
    except Refused:
        if opportunity.version != before or len(corrections) < 2:
            raise
        _apply(opportunity, corrections[::-1], news.given)  # all moved later: the last one first


def _apply(
    opportunity: Opportunity, corrections: Sequence[tuple[Said, Said, dict[str, Any], bool]], given: Circumstances
) -> None:
    for said, wanted, changes, has_moved in corrections:
        day = wanted.occurred_at.astimezone(given.zone).date()
        opportunity.correct(
            said.version,
            changes,
            occurred_at=wanted.occurred_at if has_moved else None,
            reason=WHY,
            at=given.now,
            levels=given.levels(day),
            catalogue=in_force(given.catalogues, day),
        )
