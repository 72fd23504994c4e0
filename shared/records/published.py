"""Rules a tenant publishes, in force from a day on: one stream per tenant and kind of rules. Knows no rule; pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, ClassVar, Generic, Self, TypeVar
from uuid import UUID, uuid5

from shared.event_store.stream import Stream
from shared.records.of_day import Effective, of_day

E = TypeVar("E", bound=Effective)


class Published(Stream, Generic[E]):
    """All rules of one kind a tenant has published, in that order.

    A subclass gives `stream_type`, `rules` (a frozen msgspec.Struct whose first field is `effective_from`), `fact` (a
    `FirstOrLaterFact` with the same fields), `shipped` (the rules in force where nothing is published), and
    `standing_types = {"policies": tuple[TheRules, ...]}`. Where a command says more or other than the rules hold, it
    gives `rules_of`, too.
    """

    additive: ClassVar[frozenset[str]] = frozenset({"policies"})
    rules: ClassVar[type[Any]]
    fact: ClassVar[type[Any]]
    shipped: ClassVar[Any]

    def when(self, fact: Any) -> None:
        """Apply one fact. Never refuses: it already happened."""
        if isinstance(fact, self.fact):
            said = {name: getattr(fact, name) for name in self.rules.__struct_fields__}
            self.set(fact, policies=(self.rules(**said),))
        else:
            self.unknown(fact)

    @classmethod
    def id_of(cls, tenant_id: UUID) -> UUID:
        """The stream of a tenant's rules of this kind."""
        return uuid5(tenant_id, cls.stream_type)

    @classmethod
    def known(cls, stream: Self | None) -> Sequence[E]:
        """The shipped rules and the tenant's, in the order published."""
        return (cls.shipped, *(() if stream is None else stream.standing.get("policies", ())))

    @classmethod
    def on(cls, stream: Self | None, day: date) -> E:
        """The rules of a day: the latest effective from then or before; of one day the latest published."""
        return of_day(cls.known(stream), day)

    @classmethod
    def rules_of(cls, given: Any) -> E:
        """The rules a command gives, or rules: what has their names. A subclass may check, and raise Refused 422."""
        rules: E = cls.rules(**{name: getattr(given, name) for name in cls.rules.__struct_fields__})
        return rules

    @classmethod
    def published(cls, stream: Self | None, given: Effective, *, tenant_id: UUID, at: datetime) -> Self:
        """The stream with these rules published in it. Says nothing when it is already so. Raises as `rules_of`."""
        rules = cls.rules_of(given)
        said = {name: getattr(rules, name) for name in cls.rules.__struct_fields__}
        if stream is None:
            return cls.begin(cls.fact, id=cls.id_of(tenant_id), at=at, **said)
        if cls.on(stream, rules.effective_from) != rules:
            stream.record(cls.fact, at=at, **said)
        return stream
