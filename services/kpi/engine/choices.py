"""Which version of each KPI a tenant reckons by, with which parameters: published from a day on. Computes no figure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID, uuid5

import msgspec
from pydantic import ConfigDict, Field

from services.kpi.asking import Asking, Reads
from services.kpi.engine.definition import Chosen, Definition, Parameter, Value
from services.kpi.engine.events import KpiPublished
from services.kpi.engine.shipped import BY_ID, KPIS
from shared.event_store.stream import Refused, Stream
from shared.records.fields import Code, Command, Day
from shared.records.of_day import of_day

MOST_CODES: Final = 50


class Choice(msgspec.Struct, frozen=True):
    """From a day on this version counts, with these parameters."""

    effective_from: date
    kpi: str
    definition_version: int
    parameters: dict[str, Any]

    def chosen(self) -> Chosen:
        given = {name: tuple(v) if isinstance(v, list) else v for name, v in self.parameters.items()}
        return Chosen(BY_ID[self.kpi][self.definition_version], given)


Number = Annotated[int, Field(ge=0, le=100_000)]
Codes = Annotated[tuple[Code, ...], Field(min_length=1, max_length=MOST_CODES)]


class PublishKpi(Command):
    """Reckon a KPI by this version of its definition with these parameters, from a day on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"effective_from": "2026-07-01", "kpi": "revival_rate", "parameters": {"window_days": 60}}]
        }
    )

    effective_from: Day
    kpi: Code = Field(description="Its id, as the definitions say.")
    definition_version: Annotated[int, Field(ge=1, le=1_000)] = 1
    parameters: Annotated[dict[Code, Number | Codes], Field(max_length=20)] = Field(
        default_factory=dict, description="Those not named are as the definition says."
    )

    def choice(self) -> Choice:
        """The same, checked against the definition. Raises Refused 422."""
        definition = definition_of(self.kpi, self.definition_version, pointer="/definition_version")
        known = {parameter.name: parameter for parameter in definition.all_parameters}
        for name, value in self.parameters.items():
            _require(definition, known.get(name), name, value)
        given = {name: list(v) if isinstance(v, tuple) else v for name, v in self.parameters.items()}
        return Choice(self.effective_from, self.kpi, self.definition_version, given)


def _require(definition: Definition, parameter: Parameter | None, name: str, value: Value) -> None:
    pointer = f"/parameters/{name}"
    if parameter is None:
        raise Refused(
            "unknown_kpi_parameter", "no such parameter", status=422, pointer=pointer, kpi=definition.id, name=name
        )
    if not parameter.takes(value):
        raise Refused(
            "invalid_kpi_parameter",
            "not a value of it",
            status=422,
            pointer=pointer,
            name=name,
            least=parameter.least,
            most=parameter.most,
        )


def definition_of(kpi: str, version: int | None = None, *, pointer: str | None = None) -> Definition:
    """The definition of this id and version (null: the first). Raises Refused 422."""
    if kpi not in BY_ID:
        raise Refused("unknown_kpi", "no such KPI", status=422, pointer="/kpi", kpi=kpi)
    if (version or 1) not in BY_ID[kpi]:
        raise Refused(
            "unknown_kpi_version", "no such version", status=422, pointer=pointer, kpi=kpi, version=version or 1
        )
    return BY_ID[kpi][version or 1]


class KpiChoices(Stream):
    """All a tenant has published about one KPI, in that order; one stream per tenant and KPI."""

    stream_type: ClassVar[str] = "kpi_definition"
    standing_types: ClassVar[Mapping[str, Any]] = {"policies": tuple[Choice, ...]}
    additive: ClassVar[frozenset[str]] = frozenset({"policies"})

    def when(self, fact: Any) -> None:
        """Apply one fact. Never refuses: it already happened."""
        match fact:
            case KpiPublished():
                said = {name: getattr(fact, name) for name in Choice.__struct_fields__}
                self.set(fact, policies=(Choice(**said),))
            case _:
                self.unknown(fact)

    @classmethod
    def published(cls, stream: KpiChoices | None, choice: Choice, *, tenant_id: UUID, at: datetime) -> KpiChoices:
        """The stream with this published in it. Says nothing when it is already so."""
        said = {name: getattr(choice, name) for name in Choice.__struct_fields__}
        if stream is None:
            return cls.begin(KpiPublished, id=choices_id(tenant_id, choice.kpi), at=at, **said)
        known = [shipped_choice(choice.kpi), *stream.standing.get("policies", ())]
        if of_day(known, choice.effective_from) != choice:
            stream.record(KpiPublished, at=at, **said)
        return stream


def shipped_choice(kpi: str) -> Choice:
    """In force where nothing is published."""
    return Choice(date(2000, 1, 1), kpi, 1, {})


def choices_id(tenant_id: UUID, kpi: str) -> UUID:
    """The stream of what a tenant published about one KPI."""
    return uuid5(tenant_id, f"kpi_definition/{kpi}")


# Rules are never corrected: published anew. The log itself is asked, so that what was just published counts.
SAID = """
select e.data
  from es.events e
 where e.tenant_id = $1 and e.stream_id = any($2::uuid[]) and ($3::bigint is null or e.position <= $3)
   and e.type = 'KpiPublished'
 order by e.position
"""


async def choices(reads: Reads, asking: Asking, kpis: Collection[str] = KPIS) -> Mapping[str, Choice]:
    """What is in force on the day asked about, as known then, of each of these KPIs."""
    ids = [choices_id(asking.tenant_id, kpi) for kpi in kpis]
    told: dict[str, list[Choice]] = {kpi: [shipped_choice(kpi)] for kpi in kpis}
    for row in await reads.fetch(SAID, asking.tenant_id, ids, asking.known_at):
        choice = msgspec.convert(row["data"], Choice)
        if choice.definition_version in BY_ID[choice.kpi]:  # else of newer code
            told[choice.kpi].append(choice)
    return {kpi: of_day(known, asking.day) for kpi, known in told.items()}


async def chosen(reads: Reads, asking: Asking, kpis: Sequence[str], version: int | None = None) -> Sequence[Chosen]:
    """These KPIs as published; `version`: of that version instead, with its parameters as published or shipped.

    Raises Refused 422 `unknown_kpi`, `unknown_kpi_version`.
    """
    for kpi in kpis:
        definition_of(kpi, version)
    found = await choices(reads, asking, kpis)
    return [
        found[kpi].chosen() if version in (None, found[kpi].definition_version) else Chosen(definition_of(kpi, version))
        for kpi in kpis
    ]
