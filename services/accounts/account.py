"""The rules of one account: its file, who is responsible, its key persons. Pure: no I/O, no clock, no framework."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self, assert_never, get_type_hints
from uuid import UUID

import msgspec

from services.accounts.account_commands import (
    AddKeyPerson,
    AssignOwner,
    ChangeAccount,
    ChangeKeyPerson,
    CorrectFact,
    OpenAccount,
    RemoveKeyPerson,
    SetSupportTeam,
)
from services.accounts.business_time import opened_at, standing_at
from services.accounts.credit_code import credit_code
from services.accounts.events import (
    KEY_PERSON_FIELD,
    AccountChanged,
    AccountFact,
    AccountOpened,
    AccountOwnerChanged,
    KeyPerson,
    KeyPersonAdded,
    KeyPersonChanged,
    KeyPersonRemoved,
    Layer,
    SupportTeamChanged,
    TeamMember,
)
from shared.event_store.stream import Refused, Stream
from shared.names import external_key

CREDIT_CODE = "account.credit_code"
"""Claim scope: one account of the tenant per unified social credit code."""
ACCOUNT_REF = "account.external_ref"
"""Claim scope: a reference in another system belongs to one account of the tenant."""

FILE_TYPES = {
    name: kind for name, kind in get_type_hints(AccountOpened).items() if name in AccountOpened.__annotations__
}


class Account(Stream):
    """One customer organisation."""

    stream_type: ClassVar[str] = "account"
    standing_types: ClassVar = {**FILE_TYPES, "support_team": tuple[TeamMember, ...]}

    # -- commands: they may refuse -----------------------------------------------------------------------

    @classmethod
    def open(cls, id: UUID, command: OpenAccount, *, owner_id: UUID | None, unit_id: UUID | None, at: datetime) -> Self:
        """Put it on file. Raises Refused 422 `invalid_credit_code`."""
        given = {name: getattr(command, name) for name in FILE_TYPES} | {"owner_id": owner_id, "unit_id": unit_id}
        return cls.begin(AccountOpened, id=id, at=at, **_tidy(given))

    def change(self, command: ChangeAccount, *, ancestors: tuple[UUID, ...], at: datetime) -> None:
        """Change parts of the file. `ancestors` leads from the new parent up. What is so already is left out."""
        self._require_opened_by(at)
        before = standing_at(self, at)
        wanted = _tidy(command.attributes())
        if wanted.get("parent_id") is not None and self.id in ancestors:
            raise Refused("below_itself", "an account cannot stand below itself", status=422, pointer="/parent_id")
        changed = {name: value for name, value in wanted.items() if not _same(before.get(name), value)}
        if changed:
            self.record(AccountChanged, at=at, attributes=msgspec.to_builtins(changed))

    def assign_owner(self, command: AssignOwner, *, unit_id: UUID, at: datetime) -> None:
        """Make another person responsible. Repeating says nothing."""
        self._require_opened_by(at)
        before = standing_at(self, at)
        if (before["owner_id"], before["unit_id"]) != (command.owner_id, unit_id):
            self.record(AccountOwnerChanged, at=at, owner_id=command.owner_id, unit_id=unit_id, reason=command.reason)

    def set_support_team(self, command: SetSupportTeam, *, at: datetime) -> None:
        """Say who is in the support team. Repeating says nothing."""
        self._require_opened_by(at)
        team = tuple(dict.fromkeys(TeamMember(member.person_id, member.role) for member in command.members))
        if set(standing_at(self, at).get("support_team", ())) != set(team):
            self.record(SupportTeamChanged, at=at, support_team=team)

    def add_key_person(self, command: AddKeyPerson, *, person_id: UUID, at: datetime) -> None:
        """Enter a person who matters. Repeating says nothing."""
        self._require_opened_by(at)
        if self._key_person(person_id, at) is None:
            self.record(
                KeyPersonAdded,
                at=at,
                person_id=person_id,
                layer=command.layer,
                post=command.post,
                influence=command.influence,
                attitude=command.attitude,
            )

    def change_key_person(self, command: ChangeKeyPerson, *, personal: tuple[str, ...], at: datetime) -> None:
        """Change what is known of a key person. `personal` names the vault's fields that differ. Repeating says
        nothing."""
        self._require_opened_by(at)
        before = self._require_key_person(command.person_id, at)
        after = msgspec.structs.replace(before, **command.place())
        if after != before or personal:
            self.record(KeyPersonChanged, at=at, **msgspec.structs.asdict(after), personal=personal)

    def remove_key_person(self, command: RemoveKeyPerson, *, at: datetime) -> None:
        """A person matters no longer. Repeating says nothing."""
        self._require_opened_by(at)
        if f"{KEY_PERSON_FIELD}{command.person_id}" not in self.standing:
            self._require_key_person(command.person_id, at)
        if self._key_person(command.person_id, at) is not None:
            self.record(KeyPersonRemoved, at=at, person_id=command.person_id, reason=command.reason)

    def correct(self, command: CorrectFact, *, at: datetime) -> None:
        """Correct an earlier fact. Raises Refused 422 as `Stream.correct_fact`, `invalid_credit_code`, and
        `in_the_future`."""
        if command.occurred_at is not None and command.occurred_at > at:
            raise Refused(
                "in_the_future",
                "a fact cannot hold from later than now",
                status=422,
                pointer="/occurred_at",
                on=command.occurred_at.isoformat(),
            )
        changes = command.checked()
        if isinstance(code := changes.get("credit_code"), str):
            changes["credit_code"] = credit_code(code, pointer="/changes/credit_code")
        for name, person in changes.items():
            if name.startswith(KEY_PERSON_FIELD) and isinstance(person, dict):
                changes[name] = person | {"person_id": name.removeprefix(KEY_PERSON_FIELD)}  # whose place it is
        if command.version != 1 and command.occurred_at is not None:
            self._require_opened_by(command.occurred_at, pointer="/occurred_at")
        self.correct_fact(command.version, changes, occurred_at=command.occurred_at, reason=command.reason, at=at)

    # -- state ---------------------------------------------------------------------------------------------

    def key_persons(self) -> list[KeyPerson]:
        """Those who matter now, by layer (figurehead first)."""
        found = [value for name, value in self.standing.items() if name.startswith(KEY_PERSON_FIELD) and value]
        return sorted(found, key=lambda person: (list(Layer).index(person.layer), str(person.person_id)))

    def findings(self) -> tuple[str, ...]:
        """What the file lacks."""
        layers = {person.layer for person in self.key_persons()}
        lacking = {
            "no_owner": self.standing["owner_id"] is None,
            "no_key_person": not layers,
            "no_decision_layer": bool(layers) and Layer.DECISION not in layers,
        }
        return tuple(finding for finding, holds in lacking.items() if holds)

    def allowed_actions(self) -> tuple[str, ...]:
        """The verbs a caller with the right may try now."""
        with_key_persons = ("change-key-person", "remove-key-person") if self.key_persons() else ()
        return ("change", "assign-owner", "set-support-team", "add-key-person", *with_key_persons, "correct", "void")

    def public_standing(self) -> dict[str, Any]:
        """The standing fields as subscribers get them: key persons as one list."""
        file = {name: value for name, value in self.standing.items() if not name.startswith(KEY_PERSON_FIELD)}
        return file | {"key_persons": self.key_persons()}

    def decode_changes(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """JSON values to their types, key persons included."""
        persons = {name: value for name, value in changes.items() if name.startswith(KEY_PERSON_FIELD)}
        others = {name: value for name, value in changes.items() if name not in persons}
        decoded = {name: msgspec.convert(value, KeyPerson | None) for name, value in persons.items()}
        return super().decode_changes(others) | decoded

    def _key_person(self, person_id: UUID, at: datetime) -> KeyPerson | None:
        found: KeyPerson | None = standing_at(self, at).get(f"{KEY_PERSON_FIELD}{person_id}")
        return found

    def _require_key_person(self, person_id: UUID, at: datetime) -> KeyPerson:
        if (found := self._key_person(person_id, at)) is None:
            raise Refused("unknown_key_person", "no such key person here", status=422, pointer="/person_id")
        return found

    def _require_opened_by(self, at: datetime, *, pointer: str = "/on") -> None:
        if at < opened_at(self):
            raise Refused("before_opening", "the account was not on file yet", status=422, pointer=pointer)

    def when(self, fact: AccountFact) -> None:
        """Apply one fact. Never refuses: it already happened."""
        match fact:
            case AccountOpened():
                self.set(fact, **{name: getattr(fact, name) for name in FILE_TYPES})
            case AccountChanged():
                self.set(fact, **self.decode_changes(fact.attributes))
            case AccountOwnerChanged():
                self.set(fact, owner_id=fact.owner_id, unit_id=fact.unit_id)
            case SupportTeamChanged():
                self.set(fact, support_team=fact.support_team)
            case KeyPersonAdded() | KeyPersonChanged():
                place = KeyPerson(fact.person_id, fact.layer, fact.post, fact.influence, fact.attitude)
                self.set(fact, **{f"{KEY_PERSON_FIELD}{fact.person_id}": place})
            case KeyPersonRemoved():
                self.set(fact, **{f"{KEY_PERSON_FIELD}{fact.person_id}": None})
            case _ if not TYPE_CHECKING:
                self.unknown(fact)  # newer code wrote it
            case _:
                assert_never(fact)


def account_claims(standing: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """What an account of this standing holds for itself: (scope, key)."""
    references = {(ACCOUNT_REF, external_key(*item)) for item in standing["external_refs"].items()}
    code = standing["credit_code"]
    return frozenset(references | ({(CREDIT_CODE, code)} if code else set()))


def _tidy(given: dict[str, Any]) -> dict[str, Any]:
    """Values as they are stored: the credit code in its one spelling, kinds without repeats."""
    tidy = dict(given)
    if tidy.get("credit_code") is not None:
        tidy["credit_code"] = credit_code(tidy["credit_code"])
    if "kinds" in tidy:
        tidy["kinds"] = tuple(dict.fromkeys(tidy["kinds"] or ()))
    if "external_refs" in tidy:
        tidy["external_refs"] = dict(tidy["external_refs"] or {})
    return tidy


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, str) and isinstance(after, str):
        return unicodedata.normalize("NFC", before) == unicodedata.normalize("NFC", after)
    return bool(before == after)
