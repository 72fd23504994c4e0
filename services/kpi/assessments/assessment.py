"""One assessment of a person and period: ratings, result, sign-off, appeal. Pure: no I/O, no clock, no framework."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Self
from uuid import UUID, uuid5

from services.kpi.assessments.commands import RateAssessment
from services.kpi.assessments.life import LIFE, Result
from services.kpi.assessments.scheme import Scheme
from services.kpi.assessments.scoring import Figure, adjusted, scored
from services.kpi.events import (
    AssessmentAcknowledged,
    AssessmentAdjusted,
    AssessmentAppealAnswered,
    AssessmentAppealed,
    AssessmentOpened,
    AssessmentProposed,
    AssessmentRated,
    AssessmentReturned,
    AssessmentSigned,
    Cycle,
    PartResult,
    RaterNamed,
    Rating,
    ResultStatus,
)
from shared.event_store.stream import Fact, Refused


class Assessment(Result):
    """See the module."""

    noun: ClassVar[str] = "Assessment"
    signed: ClassVar[type[Fact]] = AssessmentSigned
    returned: ClassVar[type[Fact]] = AssessmentReturned
    acknowledged: ClassVar[type[Fact]] = AssessmentAcknowledged
    appealed: ClassVar[type[Fact]] = AssessmentAppealed
    answered: ClassVar[type[Fact]] = AssessmentAppealAnswered

    stream_type: ClassVar[str] = "assessment"
    standing_types: ClassVar[Mapping[str, Any]] = {
        **LIFE,
        "cycle": Cycle,
        "month": date,
        "owner_id": UUID,
        "unit_id": UUID,
        "post": str,
        "raters": tuple[RaterNamed, ...],
        "ratings": tuple[Rating, ...],
        "scheme_from": date,
        "known_at": int,
        "opening_known_at": int | None,
        "parts": tuple[PartResult, ...],
        "score": Decimal | None,
        "proposed_by": UUID,
        "adjust_reason": str,
    }
    additive: ClassVar[frozenset[str]] = frozenset({"ratings"})
    before_first: ClassVar[str] = "before_assessment"
    not_correctable: ClassVar[frozenset[str]] = frozenset(standing_types) - {"return_reason", "adjust_reason"}

    @classmethod
    def id_of(cls, tenant_id: UUID, cycle: Cycle, month: date, person_id: UUID) -> UUID:
        """The stream of a person's assessment of a period: there is one."""
        return uuid5(tenant_id, f"assessment/{cycle}/{month.isoformat()}/{person_id}")

    def sets(self, fact: Any) -> Mapping[str, Any] | None:
        match fact:
            case AssessmentOpened():
                names: tuple[str, ...] = ("cycle", "month", "owner_id", "unit_id", "post", "raters")
                return {"status": ResultStatus.OPEN, **{name: getattr(fact, name) for name in names}}
            case AssessmentRated():
                return {"ratings": fact.ratings}
            case AssessmentProposed():
                names = ("scheme_from", "known_at", "opening_known_at", "parts", "score", "proposed_by")
                return {"status": ResultStatus.PROPOSED, **{name: getattr(fact, name) for name in names}}
            case AssessmentAdjusted():
                names = ("parts", "score", "adjust_reason")
                return {"status": ResultStatus.PROPOSED, **{name: getattr(fact, name) for name in names}}
            case _:
                return self.life(fact)

    # -- commands ------------------------------------------------------------------------------------------

    @classmethod
    def open(
        cls,
        *,
        id: UUID,
        cycle: Cycle,
        month: date,
        owner_id: UUID,
        unit_id: UUID,
        post: str,
        raters: Iterable[RaterNamed],
        at: datetime,
    ) -> Self:
        return cls.begin(
            AssessmentOpened,
            id=id,
            at=at,
            cycle=cycle,
            month=month,
            owner_id=owner_id,
            unit_id=unit_id,
            post=post,
            raters=tuple(raters),
        )

    def rate(self, command: RateAssessment, *, by: UUID, at: datetime, day: date) -> None:
        """Give points. Nobody rates themself: see the routes."""
        rating = Rating(command.rater, command.aspect, command.points, by, day)
        last = {(one.rater, one.aspect, one.by): one.points for one in self.standing.get("ratings", ())}
        if last.get((rating.rater, rating.aspect, by)) != rating.points:
            self.happen(AssessmentRated, at=at, ratings=(rating,))

    def propose(
        self,
        scheme: Scheme,
        figures: Mapping[str, Figure],
        *,
        known_at: int,
        opening_known_at: int | None,
        by: UUID,
        at: datetime,
    ) -> None:
        parts, score = scored(scheme.parts, figures)
        self.happen(
            AssessmentProposed,
            at=at,
            scheme_from=scheme.effective_from,
            known_at=known_at,
            opening_known_at=opening_known_at,
            parts=parts,
            score=score,
            proposed_by=by,
        )

    def adjust(self, code: str, points: Decimal, reason: str, *, at: datetime) -> None:
        """Raises Refused 422 `unknown_part`."""
        found = adjusted(self.standing.get("parts", ()), code, points)
        if found is None:
            raise Refused("unknown_part", "there is no such part", status=422, pointer="/code", given=code)
        parts, score = found
        self.happen(AssessmentAdjusted, at=at, parts=parts, score=score, adjust_reason=reason)


def asked_to_rate(raters: Sequence[RaterNamed], persons: Iterable[UUID]) -> set[UUID]:
    """Those of these persons who are asked to rate."""
    return {one.person_id for one in raters} & set(persons)
