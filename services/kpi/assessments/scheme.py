"""How posts are assessed: a tenant's published schemes over the shipped ones. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Final, Self
from uuid import UUID, uuid5

import msgspec

from services.kpi.events import (
    Aspect,
    AssessmentSchemePublished,
    Cycle,
    PartSource,
    PointStep,
    PointTable,
    Rater,
    Scale,
    SchemePart,
)
from shared.event_store.stream import Refused, Stream
from shared.records.of_day import of_day

SINCE: Final = date(2000, 1, 1)
PERCENT: Final = PointTable(Scale.PERCENT, most=Decimal(120))
"""Of attainments and shares: 100 % is 100 points, at most 120."""
FORECAST_DEVIATION: Final = PointTable(
    Scale.UPTO,
    tuple(
        PointStep(Decimal(bound), Decimal(points))
        for bound, points in (("0.2", 100), ("0.5", 80), ("1", 60), ("2", 40))
    ),
    otherwise=Decimal(20),
)
"""预测偏差率: ≤ 20 % 100, ≤ 50 % 80, ≤ 100 % 60, ≤ 200 % 40, else 20 points."""


class Scheme(msgspec.Struct, frozen=True):
    """In force from a day on, for one post and cycle."""

    effective_from: date
    post: str
    cycle: Cycle
    parts: tuple[SchemePart, ...]


def _kpi(
    code: str, zh: str, en: str, weight: str, table: PointTable | None = PERCENT, *, of_unit: bool = False
) -> SchemePart:
    return SchemePart(code, zh, en, Decimal(weight), PartSource.KPI, kpi=code, table=table, of_unit=of_unit)


def _rated(zh: str, en: str, weight: str, rater: Rater, aspect: Aspect) -> SchemePart:
    return SchemePart(f"{rater}_{aspect}", zh, en, Decimal(weight), PartSource.RATING, rater=rater, aspect=aspect)


ATTITUDE = _rated("上级评价：工作态度", "superior: attitude", "0.05", Rater.SUPERIOR, Aspect.ATTITUDE)
TEAMWORK = _rated("同事评价：团队协作", "peers: teamwork", "0.05", Rater.PEER, Aspect.TEAMWORK)
SATISFIED = _rated("客户评价：满意度", "customers: satisfaction", "0.05", Rater.CUSTOMER, Aspect.SATISFACTION)
OF_REPRESENTATIVE: Final = (
    _kpi("attainment_deliveries", "交付达成率", "deliveries attained", "0.35"),
    _kpi("attainment_orders", "订单达成率", "orders attained", "0.20"),
    _kpi("visit_compliance", "拜访达标率", "visit compliance", "0.10"),
    _kpi("follow_up_timeliness", "跟进及时率", "follow-up timeliness", "0.10"),
    _kpi("defeat_clarity", "战败明确率", "defeat clarity", "0.05"),
    _kpi("forecast_deviation", "预测偏差", "forecast deviation", "0.05", PointTable(Scale.POINTS)),
    ATTITUDE,
    TEAMWORK,
    SATISFIED,
)
"""业绩指标、工作态度、团队协作、客户满意度 (004); weights are ours."""
OF_HEAD: Final = (
    _kpi("attainment_deliveries", "交付达成率", "deliveries attained", "0.35", of_unit=True),
    _kpi("attainment_orders", "订单达成率", "orders attained", "0.20", of_unit=True),
    _kpi("visit_compliance", "拜访达标率", "visit compliance", "0.10", of_unit=True),
    _kpi("follow_up_timeliness", "跟进及时率", "follow-up timeliness", "0.10", of_unit=True),
    _kpi("defeat_clarity", "战败明确率", "defeat clarity", "0.05", of_unit=True),
    _kpi("forecast_deviation", "预测偏差", "forecast deviation", "0.05", PointTable(Scale.POINTS), of_unit=True),
    ATTITUDE,
    TEAMWORK,
    SATISFIED,
)
"""The same of the whole unit."""
OF_YEAR: Final = (
    SchemePart("months", "月度考核平均", "mean of the months", Decimal("0.70"), PartSource.MONTHS),
    _kpi("retention", "客户保持率", "retention", "0.10"),
    _rated("上级评价：业绩", "superior: performance", "0.10", Rater.SUPERIOR, Aspect.PERFORMANCE),
    TEAMWORK,
    SATISFIED,
)
HEADS: Final = ("department_head", "branch_manager", "regional_manager")
SHIPPED: Final[tuple[Scheme, ...]] = (
    *(Scheme(SINCE, post, Cycle.MONTH, OF_REPRESENTATIVE) for post in ("representative", "account_manager")),
    *(Scheme(SINCE, post, Cycle.MONTH, OF_HEAD) for post in HEADS),
    *(Scheme(SINCE, post, Cycle.YEAR, OF_YEAR) for post in ("representative", "account_manager")),
    *(
        Scheme(
            SINCE,
            post,
            Cycle.YEAR,
            tuple(msgspec.structs.replace(part, of_unit=part.source is PartSource.KPI) for part in OF_YEAR),
        )
        for post in HEADS
    ),
)


class AssessmentSchemes(Stream):
    """All schemes a tenant has published; one stream per tenant."""

    stream_type: ClassVar[str] = "assessment_scheme"
    standing_types: ClassVar[Mapping[str, Any]] = {"policies": tuple[Scheme, ...]}
    additive: ClassVar[frozenset[str]] = frozenset({"policies"})

    def when(self, fact: Any) -> None:
        """Apply one fact. Never refuses: it already happened."""
        match fact:
            case AssessmentSchemePublished():
                self.set(fact, policies=(Scheme(fact.effective_from, fact.post, fact.cycle, fact.parts),))
            case _:
                self.unknown(fact)

    @classmethod
    def id_of(cls, tenant_id: UUID) -> UUID:
        return uuid5(tenant_id, cls.stream_type)

    @classmethod
    def known(cls, stream: Self | None) -> tuple[Scheme, ...]:
        """The shipped schemes and the tenant's, in the order published."""
        return (*SHIPPED, *(() if stream is None else stream.standing.get("policies", ())))

    @classmethod
    def published(cls, stream: Self | None, scheme: Scheme, *, tenant_id: UUID, at: datetime) -> Self:
        """The stream with this scheme published in it. Says nothing when it is already so.

        Raises Refused 422 `part_twice`, `weights_not_one`.
        """
        require_whole(scheme.parts)
        said = {name: getattr(scheme, name) for name in Scheme.__struct_fields__}
        if stream is None:
            return cls.begin(AssessmentSchemePublished, id=cls.id_of(tenant_id), at=at, **said)
        if scheme_of(cls.known(stream), scheme.post, scheme.cycle, scheme.effective_from) != scheme:
            stream.record(AssessmentSchemePublished, at=at, **said)
        return stream


def scheme_of(known: Iterable[Scheme], post: str, cycle: Cycle, day: date) -> Scheme | None:
    """The scheme of a post and cycle on a day; None when there is none."""
    theirs = [scheme for scheme in known if (scheme.post, scheme.cycle) == (post, cycle)]
    if not theirs or all(scheme.effective_from > day for scheme in theirs):
        return None
    return of_day(theirs, day)


def require_whole(parts: Iterable[SchemePart]) -> None:
    parts = tuple(parts)
    codes = [part.code for part in parts]
    for index, code in enumerate(codes):
        if code in codes[:index]:
            raise Refused("part_twice", "a part stands once", status=422, pointer=f"/parts/{index}/code", given=code)
    whole = sum((part.weight for part in parts), Decimal(0))
    if whole != 1:
        raise Refused("weights_not_one", f"the weights sum to {whole}", status=422, pointer="/parts", given=str(whole))
