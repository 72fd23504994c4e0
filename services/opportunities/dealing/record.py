"""A record on the way from solution to contract: which step follows which, and what a decision rests on. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, ClassVar

from shared.event_store.stream import Entry, Fact, Refused
from shared.records.record import Correctable


class Dealing(Correctable):
    """Base of what belongs to an opportunity on its way to the contract. Its standing has a `status`.

    | a subclass says | |
    |---|---|
    | `allowed_from` | the statuses a fact needs; a fact not named here is possible in any |
    | `already` | the sentence of the refusal in a status; its code is `<stream type>_<status>` |
    | `actions` | commands by the last part of their route, and the fact each records |
    | `restricted` | of the actions, those not open to everybody who sees the record |
    | `decisions` | facts only those who could have decided so correct or take back |
    | `settles` | of these, the ones that make good what `content` said before: that then needs them too |
    """

    allowed_from: ClassVar[Mapping[str, frozenset[str]]] = {}
    already: ClassVar[Mapping[str, str]] = {}
    actions: ClassVar[Mapping[str, str]] = {}
    restricted: ClassVar[frozenset[str]] = frozenset()
    decisions: ClassVar[frozenset[str]] = frozenset()
    settles: ClassVar[frozenset[str]] = frozenset()
    content: ClassVar[frozenset[str]] = frozenset()

    def impossible(self, fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
        """Why a later fact of this name cannot happen on this standing."""
        status = standing["status"]
        allowed = self.allowed_from.get(fact)
        if allowed is not None and status not in allowed:
            return Refused(f"{self.stream_type}_{status}", self.already[status])
        return self.refusal(fact, standing, changes)

    def refusal(self, fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
        """The same, once the status allows it. Override for such rules."""
        return None

    def happen_together(self, at: datetime, *facts: tuple[type[Fact], dict[str, Any]]) -> None:
        """Record several facts of one business time. What a decision rests on cannot be told to have been before it."""
        if any(fact.__name__ in self.content for fact, _ in facts) and self._settled_after(at):
            raise Refused("decided_since", "it was decided on since: say it of a day after that", pointer="/on")
        super().happen_together(at, *facts)

    def require(self, fact: type[Fact]) -> None:
        """Raises Refused when a fact of this kind is not possible now, as far as the standing alone tells."""
        if (refused := self.impossible(fact.__name__, self.standing, {})) is not None:
            raise refused

    def needs_decider(self, version: int) -> bool:
        """Whether the fact of this version, or the one it corrects, is a decision or what a decision rests on."""
        entry = self.entry_about(version)
        if entry is None:
            return False
        if entry.type in self.decisions:
            return True
        return entry.type in self.content and any(
            (later.occurred_at, later.version) > (entry.occurred_at, entry.version)
            for later in self.entries()
            if later.type in self.settles
        )

    def latest_of(self, *types: str) -> Entry | None:
        """The latest fact of these types that counts, by business time."""
        found = [entry for entry in self.entries() if entry.type in types]
        return max(found, key=lambda entry: (entry.occurred_at, entry.version), default=None)

    def told(self, *types: str) -> int:
        """How many facts of these types were ever told, taken back or not: for numbers never used twice."""
        return sum(entry.type in types for entry in self.ledger.values())

    def allowed_actions(self, may: Collection[str]) -> tuple[str, ...]:
        """The commands possible now, in the order of `actions`; of the restricted ones, these."""
        if self.read_only is not None:
            return ()
        standing = self.standing
        return tuple(
            action
            for action, fact in self.actions.items()
            if (action in may or action not in self.restricted) and self.impossible(fact, standing, {}) is None
        )

    def _settled_after(self, at: datetime) -> bool:
        return any(entry.type in self.settles and entry.occurred_at > at for entry in self.entries())
