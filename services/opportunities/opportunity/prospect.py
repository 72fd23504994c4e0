"""What every rule of an opportunity stands on: capture, judge, hand over, instruct, correct. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, ClassVar, Self
from uuid import UUID

from services.opportunities.events import (
    Evidence,
    Instruction,
    InstructionCompleted,
    InstructionGiven,
    Line,
    OpportunityFact,
    OpportunityReferred,
    OpportunityTransferred,
    ProspectCaptured,
    ProspectQualified,
    Status,
)
from services.opportunities.opportunity.commands.prospects import (
    CaptureProspect,
    CompleteInstruction,
    GiveInstruction,
    Judgement,
    OpenProspect,
    ReferOpportunity,
    TransferOpportunity,
)
from services.opportunities.opportunity.life_cycle import refusal
from services.opportunities.opportunity.lines import numbered, stated_amount, with_numbers, with_promises
from services.opportunities.opportunity.sound import require_sound, unknown_level
from services.opportunities.opportunity.standing import ADDITIVE, MOVED, STANDING, sets
from services.opportunities.policies.reason_catalogue import SHIPPED, ReasonCatalogue
from shared.event_store.stream import Refused
from shared.records.record import Record

MOST_REFS = 20
"""Systems in which one opportunity is known."""
NOT_CORRECTABLE = frozenset(
    {
        *("status", "review", "contact_id", "judged_by", "reviewed_by", "verified_by"),
        *("defeat_requested_by", "freeze_requested_by"),
    }
)
"""Where an opportunity stands follows from its facts, who did what from who was signed in, and whose data the vault
shows from what was captured: void or correct those."""


class Prospect(Record):
    """An opportunity up to its order. See `Opportunity` for the whole."""

    stream_type: ClassVar[str] = "opportunity"
    standing_types: ClassVar[Mapping[str, Any]] = STANDING
    additive: ClassVar[frozenset[str]] = ADDITIVE
    before_first: ClassVar[str] = "before_captured"

    # -- facts applied -------------------------------------------------------------------------------------

    def sets(self, fact: Any) -> Mapping[str, Any] | None:
        """See `standing.py`."""
        return sets(fact) if isinstance(fact, OpportunityFact) else None

    def impossible(self, fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
        """See `life_cycle.py`."""
        return refusal(fact, standing, changes)

    @property
    def status(self) -> Status:
        return Status(self.standing["status"])

    @property
    def captured_at(self) -> datetime:
        return self.ledger[1].occurred_at

    def public_standing(self) -> dict[str, Any]:
        """For subscribers: each line with units ordered, delivered and cancelled; what is null is left out."""
        standing = {name: value for name, value in self.standing.items() if value is not None}
        standing["lines"] = self.shown_lines(standing)
        for name in self.additive:
            standing.pop(name, None)
        return standing

    @staticmethod
    def shown_lines(standing: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The lines of a standing with the units ordered, delivered and cancelled."""
        ordered = standing["status"] in (Status.ORDERED, Status.CANCELLED)
        lines: tuple[Line, ...] = standing.get("lines", ())
        return [
            {
                "line": line.line,
                "product": line.product,
                "units": line.units,
                "unit_price": line.unit_price,
                "ordered": line.units if ordered else 0,
            }
            | {
                name: sum(movement.units for movement in standing.get(name, ()) if movement.line == line.line)
                for name in sorted(MOVED)
            }
            for line in lines
        ]

    # -- commands ------------------------------------------------------------------------------------------

    @classmethod
    def capture(
        cls,
        command: CaptureProspect,
        *,
        id: UUID,
        owner_id: UUID,
        unit_id: UUID,
        at: datetime,
        contact_id: UUID | None = None,
        lead_id: UUID | None = None,
    ) -> Self:
        """Put a prospect on file, level N; `contact_id`: who its contact is in the vault; `lead_id`: where it is from.

        Valid (有效) needs a unit name, a person, a reachable number and an intention; what is missing is recorded.
        """
        require_duplicate_reason(command)
        lines = numbered(command.lines, {})
        contact = command.contact
        person = command.key_person_id is not None or contact is not None
        reachable = command.reachable or (contact is not None and bool(contact.phone or contact.mail))
        there = {
            "unit_name": command.account_id is not None,
            "person": person,
            "reachable": person and reachable,
            "intention": bool(lines) or command.title is not None,
        }
        missing = tuple(name for name, given in there.items() if not given)
        return cls.begin(
            ProspectCaptured,
            id=id,
            at=at,
            account_id=command.account_id,
            title=command.title,
            owner_id=owner_id,
            unit_id=unit_id,
            channel=command.channel,
            channel_given=command.channel_given,
            lines=lines,
            currency=command.currency,
            amount=stated_amount(lines, command.amount),
            stage=command.stage,
            stage_given=command.stage_given,
            probability=command.probability,
            probability_given=command.probability_given,
            expected_on=command.expected_on,
            key_person_id=command.key_person_id,
            contact_id=contact_id,
            valid=not missing,
            missing=missing,
            duplicate="intended" if command.duplicate == "intended" else None,
            duplicate_reason=command.duplicate_reason,
            external_refs=dict(command.external_refs),
            attributes=dict(command.attributes),
            lead_id=lead_id,
        )

    def qualify(
        self,
        judgement: Judgement,
        *,
        by: UUID,
        at: datetime,
        levels: Collection[str],
        visit_id: UUID | None = None,
        pointer: str = "",
    ) -> None:
        """Judge the level anew. Says nothing when nothing changed. Refused once closed.

        `levels`: the codes of the policy in force; `pointer`: where in the body the judgement stands.
        """
        if judgement.level not in levels:
            raise unknown_level(judgement.level, levels, f"{pointer}/level")
        before = self.standing_at(at)
        lines = None if judgement.lines is None else numbered(judgement.lines, before)
        amount = stated_amount(
            before.get("lines", ()) if lines is None else lines, judgement.amount, pointer=f"{pointer}/amount"
        )
        evidence = judgement.evidence
        self.happen(
            ProspectQualified,
            at=at,
            level_before=before.get("level"),
            level=judgement.level,
            expected_on=judgement.expected_on,
            judged_by=by,
            visit_id=visit_id,
            stage=judgement.stage,
            stage_given=judgement.stage_given,
            probability=judgement.probability,
            probability_given=judgement.probability_given,
            lines=lines,
            amount=amount,
            evidence=None if evidence is None else Evidence(**evidence.model_dump()),
            competitor=judgement.competitor,
            obstacle=judgement.obstacle,
            support_needed=judgement.support_needed,
        )

    def transfer(self, command: TransferOpportunity, *, unit_id: UUID, at: datetime) -> None:
        """Make somebody else responsible from then on; the opportunity stays as it is, in any status."""
        before = self.standing_at(at)
        self.happen(
            OpportunityTransferred,
            at=at,
            owner_before=before.get("owner_id"),
            unit_before=before.get("unit_id"),
            owner_id=command.owner_id,
            unit_id=unit_id,
            reason=command.reason,
        )

    def refer(self, command: ReferOpportunity, *, at: datetime) -> None:
        """Say what another system calls it, one key per system; a null key takes the reference away."""
        refs = dict(self.standing_at(at).get("external_refs") or {})
        refs.pop(command.system, None)
        if command.key is not None:
            refs[command.system] = command.key
        if len(refs) > MOST_REFS:
            raise Refused("too_many_references", f"at most {MOST_REFS} systems", status=422, limit=MOST_REFS)
        self.happen(OpportunityReferred, at=at, system=command.system, key=command.key, external_refs=refs)

    def instruct(self, command: GiveInstruction, *, by: UUID, at: datetime, day: date) -> None:
        """The head asks for something; the latest open instruction counts. Refused with a due date gone by."""
        if command.due_on < day:
            raise Refused("due_in_the_past", f"{command.due_on} has gone by", status=422, pointer="/due_on")
        self.happen(
            InstructionGiven,
            at=at,
            instruction=Instruction(text=command.text, due_on=command.due_on, given_by=by, given_on=day),
        )

    def complete_instruction(self, command: CompleteInstruction, *, by: UUID, at: datetime) -> None:
        """The latest instruction was carried out. Says nothing when there is none."""
        self.happen(InstructionCompleted, at=at, completed_by=by, result=command.result)

    def correct(
        self,
        version: int,
        changes: Mapping[str, Any],
        *,
        occurred_at: datetime | None,
        reason: str,
        at: datetime,
        levels: Collection[str],
        catalogue: ReasonCatalogue = SHIPPED,
    ) -> None:
        """Correct standing fields or the business time of a fact; refused if the rest could not have happened then.

        A corrected main reason of a defeat brings its category along.
        """
        if not changes and occurred_at is None:
            raise Refused("nothing_to_correct", "state changes or a time", status=422, pointer="/changes")
        for name in sorted(NOT_CORRECTABLE & set(changes)):
            raise Refused(
                "not_correctable",
                f"{name} follows from the facts: void or correct those",
                status=422,
                pointer=f"/changes/{name}",
                field=name,
            )
        if isinstance(reason_code := changes.get("defeat_reason"), str):
            changes = {**changes, "defeat_category": catalogue.category_of(reason_code, "/changes/defeat_reason")}
        if isinstance(found := changes.get("reason_found"), str):
            catalogue.category_of(found, "/changes/reason_found")
        if "lines" in changes and version in self.ledger:
            before = self.ledger[version].changes.get("lines") or ()
            changes = {**changes, "lines": with_numbers(changes["lines"], before)}
        if "promised_on" in changes and version in self.ledger:
            changes = with_promises(changes, self.ledger[version].changes)
        trial = self.copy()
        trial.correct_fact(version, changes, occurred_at=occurred_at, reason=reason, at=at)
        entry = trial.ledger[version]
        require_sound(entry.changes, changes, levels)
        if not {"lines", "amount"}.isdisjoint(changes):
            lines = entry.changes.get("lines") or trial.standing_at(entry.occurred_at).get("lines", ())
            stated_amount(lines, entry.changes.get("amount"), pointer="/changes/amount")
        self.require_possible(trial.entries(), pointer="/on" if occurred_at else "/changes")
        self.correct_fact(version, changes, occurred_at=occurred_at, reason=reason, at=at)


def require_duplicate_reason(command: OpenProspect) -> None:
    """Raise Refused (422) for a duplicate intended without a reason."""
    if command.duplicate == "intended" and command.duplicate_reason is None:
        raise Refused(
            "duplicate_reason_missing",
            "say why the same prospect is captured again",
            status=422,
            pointer="/duplicate_reason",
        )
