"""What a kind of request that waits for a decision is. Knows no kind: those stand in `registry.py`, each in its noun.

A kind gives one SELECT of what waits, and the decisions there are. The inbox adds what all have in common: the
opportunity with its owner, unit, account and level, who may decide, the age, and the version to answer with.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from services.opportunities.policies.in_force import Rules
from services.opportunities.reports.asking import Sql
from shared.http.context import CommandContext
from shared.http.receipt import Receipt
from shared.identity.sight import Sight
from shared.projections.view import View

Waiting = Callable[[Sql], str]
"""The SELECT of what waits at the instant asked about (write it with `sql.holds` and `sql.text`), of the tenant `$1`:

| column | |
|---|---|
| `id` uuid | the record that is decided: what `path` takes |
| `opportunity_id` uuid | what it belongs to: who sees that sees this |
| `requested_by` uuid | in whose name it was asked; null when an import did |
| `entered_by` uuid | who entered it, if known: neither of the two decides |
| `requested_at` timestamptz | business time: it waits since then |
| `amount` numeric, `currency` text | what it is about, in the currency; null: the inbox shows the opportunity's |
| `summary` jsonb | what a head wants to know before deciding: business words and codes, no customer's persons |
"""

Whose = Callable[[Sql, Sight, str], str]
"""The predicate, on `w` (a row of `Waiting`) and `n` (the standing of the opportunity as it is now), that the asker
may decide. Its third argument is the usual one, to be joined with or to be replaced: the asker stands above the owner
in the reporting line, and neither asked nor entered it."""

Possible = Callable[[Mapping[str, Any], Rules, date], Collection[str]]
"""Of the decisions of a kind, those that make sense for this row of the inbox under the rules of this day."""

Propose = Callable[[Mapping[str, Any], Rules, date], Mapping[str, Any] | None]
"""What the rules propose for this row on this day: {"decision": …, and fields of its body}; None: nothing."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision: `POST {path}/{verb}` with this body, and what carries it out.

    `act` is the route's own function: (id, body, context) with a key and an If-Match of this decision. It checks every
    right itself and raises Problem or Refused.
    """

    verb: str
    command: type[BaseModel]
    act: Callable[[UUID, Any, CommandContext], Awaitable[Receipt]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of request. `code` is for ever; `path` has `{id}` in it; `decisions` by their names, "approve"."""

    code: str
    zh: str
    en: str
    path: str
    views: tuple[View, ...]
    waiting: Waiting
    decisions: Mapping[str, Decision]
    whose: Whose | None = None
    possible: Possible | None = None
    propose: Propose | None = None
