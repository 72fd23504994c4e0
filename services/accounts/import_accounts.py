"""Accounts as an imported file names them: found by reference, credit code or name, or put on file. Changes none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID, uuid5

from pydantic import ValidationError

from services.accounts.account import ACCOUNT_REF, CREDIT_CODE, Account, account_claims
from services.accounts.account_commands import OpenAccount
from services.accounts.credit_code import credit_code
from services.accounts.imports import Directory, plain
from services.accounts.views.accounts import ACCOUNTS
from shared.event_store.stream import Refused
from shared.imports.found import Found, Missing
from shared.imports.reading import Reference, Way
from shared.imports.series import current
from shared.names import comparable, external_key

NAMED = f"""
select name_key, array_agg(stream_id) as ids from {ACCOUNTS.table}
 where tenant_id = $1 and to_at is null and name_key = any($2::text[]) group by name_key
"""  # noqa: S608 - our own name
PARENT = "parent"
"""The attribute that names the account above: group → subsidiary → site."""
BATCH = 50


class Accounts:
    """The account file, found in or added to."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._named: dict[str, list[UUID]] = {}
        self._held: dict[tuple[str, str], UUID] = {}
        self._settled: dict[tuple[Way, ...], Found] = {}

    async def find_or_open(self, references: Sequence[Reference]) -> list[Found]:
        """The account of each. Missing: `not_found`, `ambiguous`, `invalid_credit_code`, or what the rules refuse.

        An account above another is found or opened before it, as its own row describes it if it has one.
        """
        bare = _only_above(references)
        await self._look_up([*bare, *references])
        await self._settle(bare)
        for level in _from_the_top(references):
            await self._settle(level)
        return [self._settled[reference.ways] for reference in references]

    async def _settle(self, references: Sequence[Reference]) -> None:
        """Find or open these, the accounts above them being settled."""
        new: list[Reference] = []
        for reference in references:
            found = self._match(reference)
            if found is None:
                new.append(reference)
            else:
                self._settled[reference.ways] = found
        for start in range(0, len(new), BATCH):
            batch = new[start : start + BATCH]
            for reference, found in zip(batch, await self._open(batch), strict=True):
                self._settled[reference.ways] = found

    async def _look_up(self, references: Sequence[Reference]) -> None:
        directory = self._directory
        ways = [way for reference in references for way in reference.ways]
        names = sorted({comparable(way.value) for way in ways if way.by == "name"} - self._named.keys())
        if names:
            rows = await directory.store.pool.fetch(NAMED, directory.tenant_id, names)
            self._named |= {row["name_key"]: [plain(id) for id in row["ids"]] for row in rows}
        for scope in (CREDIT_CODE, ACCOUNT_REF):
            keys = [key for way in ways if (key := self._claim(way)) is not None and key[0] == scope]
            held = await directory.held(scope, [key for _, key in keys])
            self._held |= {(scope, key): id for key, id in held.items()}

    def _claim(self, way: Way) -> tuple[str, str] | None:
        match way.by:
            case "external":
                return ACCOUNT_REF, external_key(self._directory.system, way.value)
            case "credit_code":
                try:
                    return CREDIT_CODE, credit_code(way.value)
                except Refused:
                    return None
            case _:
                return None

    def _match(self, reference: Reference) -> Found | None:
        for way in reference.ways:
            if way.by == "credit_code":
                try:
                    credit_code(way.value)
                except Refused:
                    return Missing("invalid_credit_code", way.value)
            claim = self._claim(way)
            if claim is not None and (holder := self._held.get(claim)) is not None:
                return holder
            if way.by == "name":
                ids = self._named.get(comparable(way.value), [])
                if len(ids) > 1:
                    return Missing("ambiguous", way.value)
                if ids:
                    return ids[0]
        return None if reference.create else Missing("not_found", reference.ways[0].value)

    async def _open(self, references: Sequence[Reference]) -> list[Found]:
        directory = self._directory
        made: list[Missing | Account] = []
        in_use = await current(directory.store.pool, directory.tenant_id, [self._first_id(one) for one in references])
        for reference in references:
            parent = _above(reference)
            ids = [] if parent is None else self._named.get(comparable(parent), [])
            first = self._first_id(reference)
            made.append(self._new(reference, in_use.get(first, first), ids[0] if len(ids) == 1 else None))
        streams = [account for account in made if isinstance(account, Account)]
        there = await directory.existing([account.id for account in streams])
        new = {account.id: account for account in streams if account.id not in there}
        outcomes = await directory.open([(account, account_claims(account.standing)) for account in new.values()])
        held = {
            account_id: outcome.claim.stream_id
            for account_id, outcome in zip(new, outcomes, strict=True)
            if outcome.kind == "claim_taken" and outcome.claim is not None
        }
        for account in streams:
            id = held.get(account.id, account.id)
            self._named.setdefault(comparable(account.standing["name"]), [id])
            self._held |= dict.fromkeys(account_claims(account.standing), id)
        return [held.get(one.id, one.id) if isinstance(one, Account) else one for one in made]

    def _first_id(self, reference: Reference) -> UUID:
        """The first id of the series that is the account's."""
        tenant_id = self._directory.tenant_id
        if (ref := reference.by("external")) is not None:
            return uuid5(tenant_id, f"account:{self._directory.system}:{ref}")
        if (code := reference.by("credit_code")) is not None:
            return uuid5(tenant_id, f"account:credit_code:{credit_code(code)}")  # `_match` has read it
        return uuid5(tenant_id, f"account:name:{comparable(reference.by('name') or '')}")

    def _new(self, reference: Reference, id: UUID, parent_id: UUID | None) -> Account | Missing:
        directory = self._directory
        name, ref, code = reference.by("name"), reference.by("external"), reference.by("credit_code")
        shown = name or code or ref or ""
        refs = {} if ref is None else {directory.system: ref}
        given: dict[str, Any] = {k: v for k, v in reference.attributes.items() if k != PARENT}
        try:
            command = OpenAccount(**{**given, "name": shown, "credit_code": code, "external_refs": refs})
            command = command.model_copy(update={"parent_id": parent_id})
            return Account.open(id, command, owner_id=None, unit_id=None, at=directory.opened_at)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(step) for step in first["loc"])
            return Missing("not_acceptable", shown, (("field", where), ("reason", first["msg"])))
        except Refused as refused:
            return Missing(refused.code, shown)


def _above(reference: Reference) -> str | None:
    """The name of the account above, as the row gives it."""
    name = reference.attributes.get(PARENT)
    return None if name is None else str(name)


def _only_above(references: Sequence[Reference]) -> list[Reference]:
    """Accounts above others that no row describes itself."""
    described = {comparable(name) for reference in references if (name := reference.by("name")) is not None}
    above = {comparable(name): name for reference in references if (name := _above(reference)) is not None}
    return [Reference((Way("name", name),), create=True) for key, name in above.items() if key not in described]


def _from_the_top(references: Sequence[Reference]) -> Iterator[list[Reference]]:
    """Level by level, so that an account comes after the one above it; a circle comes at once, at the end."""
    left = list(references)
    while left:
        waiting = {comparable(name) for reference in left if (name := reference.by("name")) is not None}
        ready = [one for one in left if (name := _above(one)) is None or comparable(name) not in waiting] or left
        yield ready
        done = set(map(id, ready))
        left = [reference for reference in left if id(reference) not in done]
