"""Fact classes by their stored names: encoding, decoding, upcasting. Must not read the log or apply a fact."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from types import MappingProxyType, ModuleType
from typing import Any, get_type_hints

import msgspec
from eventsourcing.utils import get_topic

from shared.event_store.command import RecordedFact, StoredFact
from shared.event_store.stream import (
    AnyFact,
    Fact,
    FactCorrected,
    FactVoided,
    FirstFact,
    FirstOrLaterFact,
    Stream,
    UnknownFact,
)

ENVELOPE = frozenset({"originator_id", "originator_version", "originator_topic", "timestamp"})
"""Fields of a fact that are columns of the log, or are known from the stream."""

BASES = (Fact, FirstFact, FirstOrLaterFact, UnknownFact)

Data = dict[str, Any]
Upcaster = Callable[[Data], Data]


class FactType:
    """One class of facts, with its decoder built once."""

    def __init__(self, cls: type[AnyFact]) -> None:
        self.cls = cls
        self.name = cls.__name__
        self.schema_version = cls.schema_version
        self.first = issubclass(cls, FirstFact)
        hints = get_type_hints(cls)
        self.fields = tuple(field.name for field in dataclasses.fields(cls) if field.name not in ENVELOPE)
        if cls not in (FactCorrected, FactVoided) and {"changes", "standing"} & set(self.fields):
            raise TypeError(f"{self.name}: `changes` and `standing` are written by the store, not declared")
        self.form = msgspec.defstruct(
            self.name,
            [_declared(field, hints) for field in dataclasses.fields(cls) if field.name in self.fields],
            kw_only=True,
        )
        self.upcasters: dict[int, Upcaster] = {}
        self.upcasters_sql: Mapping[int, str] = getattr(cls, "UPCAST_SQL", {})
        for version in range(1, self.schema_version):
            upcaster = getattr(cls, f"upcast_v{version}_v{version + 1}", None)
            if upcaster is None or version not in self.upcasters_sql:
                raise TypeError(f"{self.name}: version {version} has no upcaster in Python, or none in SQL")
            self.upcasters[version] = upcaster

    def decode(self, data: Data) -> Data:
        """The declared fields of current data, typed. Raises msgspec.ValidationError."""
        form = msgspec.convert(data, self.form)
        return {name: getattr(form, name) for name in self.fields}


def _declared(field: dataclasses.Field[Any], hints: Mapping[str, Any]) -> tuple[Any, ...]:
    declared = (field.name, hints[field.name])
    if field.default is not dataclasses.MISSING:
        return (*declared, field.default)
    if field.default_factory is not dataclasses.MISSING:
        return (*declared, msgspec.field(default_factory=field.default_factory))
    return declared


class FactRegistry:
    """The facts a service can read, by stored type. Corrections and voids belong to every registry."""

    def __init__(self, classes: Mapping[str, type[AnyFact]]) -> None:
        known = {**classes, "FactCorrected": FactCorrected, "FactVoided": FactVoided}
        self.types: Mapping[str, FactType] = MappingProxyType({name: FactType(cls) for name, cls in known.items()})

    def __contains__(self, name: object) -> bool:
        return name in self.types

    # -- writing ---------------------------------------------------------------------------------------

    def encode(self, fact: AnyFact, changes: Mapping[str, Any], standing: Mapping[str, Any]) -> RecordedFact:
        """A fact as it is stored: its declared fields, the standing fields it set, and the standing after it."""
        known = self.types[type(fact).__name__]
        values = vars(fact)
        data: Data = {name: values[name] for name in known.fields}
        if known.cls is not FactCorrected and known.cls is not FactVoided:
            data["changes"] = changes
        data["standing"] = standing
        return RecordedFact(known.name, known.schema_version, msgspec.json.encode(data), fact.timestamp)

    # -- reading ---------------------------------------------------------------------------------------

    def upcast(self, type: str, schema_version: int, data: Data) -> Data:
        """Data of an older version in the form of today. Data of unknown types is left as it is."""
        known = self.types.get(type)
        if known is not None:
            for version in range(schema_version, known.schema_version):
                data = known.upcasters[version](data)
        return data

    def decode(self, stored: StoredFact, stream: type[Stream]) -> AnyFact:
        """A stored event as its class; an UnknownFact when newer code wrote it."""
        known = self.types.get(stored.type)
        if known is None or stored.schema_version > known.schema_version:
            return _unknown(stored, stream)
        data = stored.data
        if stored.schema_version < known.schema_version:
            data = self.upcast(stored.type, stored.schema_version, data)
        try:
            values = known.decode(data)
        except msgspec.ValidationError:  # a value this code has no word for: newer code's
            return _unknown(stored, stream)
        return _fact(known.cls, stored, stream if known.first else None, values)

    def upcast_sql(self) -> str:
        """An SQL expression over columns type, schema_version and data: the data in the form of today.

        `data` itself while no fact has a second version, so that nothing is paid for it.
        """
        cases = []
        for name, known in self.types.items():
            for old in range(1, known.schema_version):
                step = "data"
                for version in range(old, known.schema_version):
                    upcast = known.upcasters_sql[version]
                    step = f"(select {upcast} from (select {step} as data) as v{version})"  # noqa: S608 - our own text
                cases.append(f"when type = '{name}' and schema_version = {old} then {step}")
        if not cases:
            return "data"
        return "case " + " ".join(cases) + " else data end"


def _fact(cls: type[AnyFact], stored: StoredFact, stream: type[Stream] | None, values: Data) -> AnyFact:
    """The fact without its constructor, which costs more than the decoding."""
    fact = object.__new__(cls)
    fact.__dict__.update(
        originator_id=stored.stream_id,
        originator_version=stored.version,
        timestamp=stored.occurred_at,
        **values,
    )
    if stream is not None:
        fact.__dict__["originator_topic"] = get_topic(stream)
    return fact


def _unknown(stored: StoredFact, stream: type[Stream]) -> AnyFact:
    return _fact(UnknownFact, stored, stream, {"type": stored.type})


def registry(*modules: ModuleType) -> FactRegistry:
    """All facts defined in, or imported into, these modules. Raises TypeError for two of one name."""
    classes: dict[str, type[AnyFact]] = {}
    for module in modules:
        for value in vars(module).values():
            if not isinstance(value, type) or not issubclass(value, Fact | FirstFact) or value in BASES:
                continue
            if classes.setdefault(value.__name__, value) is not value:
                raise TypeError(f"two facts are called {value.__name__}")
    return FactRegistry(classes)
