"""One call of `es.append`: commands laid out as its arrays, its answer as outcomes. No queue, no retry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from shared.event_store.command import MAX_EVENTS, Claim, Command, Outcome

PARAMETERS = 28
APPEND = f"select * from es.append({', '.join(f'${n}' for n in range(1, PARAMETERS + 1))})"  # noqa: S608 - numbers only

Row = asyncpg.Record


def check(command: Command) -> None:
    """Refuse what the function could not judge. Raises ValueError: a programming error, not an outcome."""
    if command.events > MAX_EVENTS:
        raise ValueError(f"a command appends at most {MAX_EVENTS} events, not {command.events}")
    if len(command.appends) > 1 and len({append.stream_id for append in command.appends}) < len(command.appends):
        raise ValueError("a command names each of its streams once")


class Layout:
    """The arrays of one call, in tenant order. `commands` keeps the order in which answers come back."""

    __slots__ = ("_arrays", "_slots", "commands")

    def __init__(self, commands: Sequence[Command]) -> None:
        if len(commands) > 1:
            first = commands[0].tenant_id
            if any(command.tenant_id != first for command in commands):
                commands = sorted(commands, key=lambda command: command.tenant_id.bytes)
        self.commands = commands
        tenants: list[UUID] = []
        commands_to: list[int] = []
        streams_to: list[int] = []
        events_to: list[int] = []
        slots_to: list[int] = []
        earlier: list[int | None] = []
        appends_to: list[int] = []
        moves_to: list[int] = []
        append_streams: list[int] = []
        expected: list[int] = []
        append_events_to: list[int] = []
        stream_types: list[str] = []
        stream_ids: list[UUID] = []
        types: list[str] = []
        schema_versions: list[int] = []
        datas: list[str] = []
        occurred: list[Any] = []
        move_slots: list[int] = []
        move_streams: list[UUID] = []
        move_releases: list[bool] = []
        slots: list[tuple[str, str]] = []
        keys: dict[tuple[UUID, UUID, str], int] = {}
        streams: dict[UUID, int] = {}
        claim_keys: dict[tuple[str, str], int] = {}
        tenant: UUID | None = None
        repeated = False
        for number, command in enumerate(commands, 1):
            if command.tenant_id != tenant:
                if tenant is not None:
                    commands_to.append(number - 1)
                    streams_to.append(len(stream_ids))
                    events_to.append(len(types))
                    slots_to.append(len(slots))
                tenant = command.tenant_id
                tenants.append(tenant)
                streams = {}
                claim_keys = {}
            earlier_number: int | None = None
            if command.key is not None:
                key = (command.tenant_id, command.principal_id, command.key)
                earlier_number = keys.get(key)
                repeated = repeated or earlier_number is not None
                keys[key] = number
            earlier.append(earlier_number)
            for append in command.appends:
                slot = streams.get(append.stream_id)
                if slot is None:
                    stream_ids.append(append.stream_id)
                    stream_types.append(append.stream_type)
                    slot = streams[append.stream_id] = len(stream_ids)
                append_streams.append(slot)
                expected.append(append.expected_version)
                for fact in append.facts:
                    types.append(fact.type)
                    schema_versions.append(fact.schema_version)
                    datas.append(fact.data.decode())
                    occurred.append(fact.occurred_at)
                append_events_to.append(len(types))
            appends_to.append(len(append_streams))
            if command.claims or command.releases:
                for release, claims in ((True, command.releases), (False, command.claims)):
                    for claim in claims:
                        claim_key = (claim.scope, claim.key)
                        slot = claim_keys.get(claim_key)
                        if slot is None:
                            slots.append(claim_key)
                            slot = claim_keys[claim_key] = len(slots)
                        move_slots.append(slot)
                        move_streams.append(claim.stream_id)
                        move_releases.append(release)
            moves_to.append(len(move_slots))
        commands_to.append(len(commands))
        streams_to.append(len(stream_ids))
        events_to.append(len(types))
        slots_to.append(len(slots))
        self._slots = slots
        self._arrays = (
            tenants, commands_to, streams_to, events_to, slots_to,
            [command.principal_id for command in commands],
            [command.key for command in commands],
            [command.fingerprint for command in commands],
            [command.status for command in commands],
            [command.code for command in commands],
            [command.metadata.decode() for command in commands],
            earlier if repeated else [], appends_to, moves_to if slots else [],
            append_streams, expected, append_events_to,
            stream_types, stream_ids,
            types, schema_versions, datas, occurred,
            move_slots, move_streams, move_releases,
            [scope for scope, _ in slots],
            [key for _, key in slots],
        )  # fmt: skip

    @property
    def arrays(self) -> tuple[Any, ...]:
        return self._arrays

    def outcomes(self, row: Row) -> list[Outcome]:
        """One outcome per command, in the order of `commands`."""
        kinds, statuses, codes, streams, versions, firsts, lasts, claim_slots, holders, conflicts = row
        if claim_slots is None and conflicts is None:
            return [
                Outcome(kind, status, code, stream, version, first, last)
                for kind, status, code, stream, version, first, last in zip(
                    kinds, statuses, codes, streams, versions, firsts, lasts, strict=True
                )
            ]
        found = []
        for n, kind in enumerate(kinds):
            claim = None
            if claim_slots is not None and claim_slots[n] is not None:
                scope, key = self._slots[claim_slots[n] - 1]
                claim = Claim(scope, key, holders[n])
            conflict = conflicts[n] if conflicts is not None else None
            found.append(
                Outcome(kind, statuses[n], codes[n], streams[n], versions[n], firsts[n], lasts[n], claim, conflict)
            )
        return found
