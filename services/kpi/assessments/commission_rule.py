"""What the sales of a post are paid: a tenant's published commission rules. Nothing is shipped. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, ClassVar, Self
from uuid import UUID, uuid5

import msgspec

from services.kpi.assessments.settling import Rule
from services.kpi.events import CommissionRulePublished, Factor, RuleLine
from shared.event_store.stream import Refused, Stream
from shared.records.of_day import of_day


class CommissionRule(msgspec.Struct, frozen=True):
    """In force for months that begin on that day or later, for one post."""

    effective_from: date
    post: str
    lines: tuple[RuleLine, ...]
    factor: Factor | None = None


class CommissionRules(Stream):
    """All commission rules a tenant has published; one stream per tenant."""

    stream_type: ClassVar[str] = "commission_rule"
    standing_types: ClassVar[Mapping[str, Any]] = {"policies": tuple[CommissionRule, ...]}
    additive: ClassVar[frozenset[str]] = frozenset({"policies"})

    def when(self, fact: Any) -> None:
        """Apply one fact. Never refuses: it already happened."""
        match fact:
            case CommissionRulePublished():
                self.set(fact, policies=(CommissionRule(fact.effective_from, fact.post, fact.lines, fact.factor),))
            case _:
                self.unknown(fact)

    @classmethod
    def id_of(cls, tenant_id: UUID) -> UUID:
        return uuid5(tenant_id, cls.stream_type)

    @classmethod
    def known(cls, stream: Self | None) -> tuple[CommissionRule, ...]:
        """The tenant's rules, in the order published."""
        return () if stream is None else stream.standing.get("policies", ())

    @classmethod
    def published(cls, stream: Self | None, rule: CommissionRule, *, tenant_id: UUID, at: datetime) -> Self:
        """The stream with this rule published in it. Says nothing when it is already so. Raises Refused 422
        `part_twice`."""
        codes = [line.code for line in rule.lines]
        for index, code in enumerate(codes):
            if code in codes[:index]:
                raise Refused(
                    "part_twice", "a line stands once", status=422, pointer=f"/lines/{index}/code", given=code
                )
        said = {name: getattr(rule, name) for name in CommissionRule.__struct_fields__}
        if stream is None:
            return cls.begin(CommissionRulePublished, id=cls.id_of(tenant_id), at=at, **said)
        if _latest(cls.known(stream), rule.post, rule.effective_from) != rule:
            stream.record(CommissionRulePublished, at=at, **said)
        return stream


def rule_of(known: Iterable[CommissionRule], post: str, month: date) -> Rule | None:
    """What a post is paid for a month; None when nothing is published for it by then."""
    rule = _latest(known, post, month)
    return None if rule is None else Rule(rule.effective_from, rule.lines, rule.factor)


def _latest(known: Iterable[CommissionRule], post: str, day: date) -> CommissionRule | None:
    theirs = [rule for rule in known if rule.post == post and rule.effective_from <= day]
    return of_day(theirs, day) if theirs else None
