"""What Schemathesis loads: some cases meet real records, and each answer is counted. Judges nothing.

Only parts of a case that are valid are ever replaced; what is meant to be refused is sent as it was made.
"""

from __future__ import annotations

import json
import os
import secrets
from collections import Counter
from random import Random
from threading import RLock
from typing import Any

import schemathesis
from schemathesis.core import NOT_SET
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import TestPhase

from services.opportunities.policies.level_policy import DEFAULT
from tests.schemathesis.ready import ready
from tests.schemathesis.records import NotMade, Ready, Records

SERVICE = os.environ["FUZZED_SERVICE"]
COUNTS = os.environ["FUZZED_COUNTS"]
LASTING = {"views.stream": "seconds", "events.stream": "seconds", "events.read": "wait"}
"""What lasts while nothing changes, and the parameter that says how long."""
SHARE_MET = 0.5
"""Share of the cases that are sent to a record in the right state."""
SHARE_KEPT = 0.25
"""Share of what the tool made up for a body that is kept beside what makes the command possible."""

UNKNOWN_HEADER = "x-schemathesis-unknown-property"
FIRST = 4
SHARE_OF_BOUNDS = float(os.environ["FUZZED_SHARE"])

_chance = Random(int(os.environ["FUZZED_SEED"]))
_records = Records(
    json.loads(os.environ["FUZZED_ADDRESSES"]), os.environ["FUZZED_TOKEN"], os.environ["FUZZED_COLLEAGUE"], _chance
)
_counts: Counter[tuple[str, int, bool]] = Counter()
_met: set[str] = set()
_bounds: Counter[str] = Counter()
_lock = RLock()


@schemathesis.serializer("application/x-ndjson")
def _lines(context: Any, value: Any) -> bytes:
    """Facts told as lines: a text as it is, anything else as the one row."""
    return value if isinstance(value, bytes) else (value if isinstance(value, str) else json.dumps(value)).encode()


@schemathesis.hook
def filter_case(context: Any, case: Any) -> bool:
    """A share of the boundary cases, of which there are thousands; the first ones of each operation always.

    None whose one fault is a header nobody knows: HTTP has such headers passed over.
    """
    if case.meta is None or case.meta.phase.name != TestPhase.COVERAGE:
        return True
    if any(name.lower() == UNKNOWN_HEADER for name in case.headers or ()):
        return False
    with _lock:
        label = case.operation.label
        _bounds[label] += 1
        return _bounds[label] <= FIRST or _chance.random() < SHARE_OF_BOUNDS


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Let a share of the cases meet records that are there."""
    if case.meta is None or case.method.upper() not in case.operation.method.upper():
        return
    wrong = {place for place, part in case.meta.components.items() if part.mode.is_negative}
    with _lock:
        if ParameterLocation.QUERY not in wrong and case.query:
            case.query = _possible(case.query)
        lasts = LASTING.get(case.operation.definition.raw["operationId"])
        if ParameterLocation.QUERY not in wrong and lasts is not None:
            case.query = {**(case.query or {}), lasts: 0}  # nothing changes: it would last its hour
        if case.method.upper() == "POST" and ParameterLocation.HEADER not in wrong:
            case.headers = _said(case.headers)
        if _chance.random() < SHARE_MET:
            try:
                found = ready(_records, SERVICE, case.operation.definition.raw["operationId"], case.path)
            except NotMade:
                return
            if found is not None:
                _meet(case, found, wrong)
                if not wrong:
                    _met.add(case.id)


def _meet(case: Any, found: Ready, wrong: set[ParameterLocation]) -> None:
    if found.path and ParameterLocation.PATH not in wrong:
        case.path_parameters = {**case.path_parameters, **found.path}
        if ParameterLocation.QUERY not in wrong and _chance.random() < 0.8:  # the record was made just now
            case.query = {name: value for name, value in case.query.items() if name not in ("as_of", "known_at")}
    if found.version is not None and ParameterLocation.HEADER not in wrong and "If-Match" in case.headers:
        case.headers["If-Match"] = f'"{found.version}"'
    if case.meta.generation.mode.is_negative or ParameterLocation.BODY in wrong:
        return  # what makes the case wrong may lie in what the body and a header say together
    if found.body is not None and case.body is not NOT_SET:
        given = case.body if isinstance(case.body, dict) else {}
        kept = {name: value for name, value in given.items() if _chance.random() < SHARE_KEPT}
        case.body = {**kept, **found.body} if _chance.random() < 0.8 else {**found.body, **kept}


def _possible(query: Any) -> dict[str, Any]:
    """Positions the log has reached, a policy there is; mostly no cursor, since none can be made up."""
    changed = dict(query)
    for name in ("min_position", "known_at"):
        if name in changed and _chance.random() < 0.8:
            changed[name] = _chance.randint(0, 3)
    for name in ("policy", "policy_a", "policy_b"):
        if name in changed and _chance.random() < 0.8:
            changed[name] = DEFAULT.code
    if "after" in changed and _chance.random() < 0.8:
        del changed["after"]
    return changed


def _said(headers: Any) -> Any:
    """A key of its own, nearly always; a person one may enter for, or nobody."""
    changed = headers.copy()
    if "Idempotency-Key" in changed and _chance.random() < 0.95:
        changed["Idempotency-Key"] = secrets.token_hex(8)
    if "On-Behalf-Of" in changed and _chance.random() < 0.9:
        del changed["On-Behalf-Of"]
    return changed


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Count the answers of each operation."""
    probe = case.method.upper() != case.operation.method.upper()
    operation = "other method" if probe else case.operation.definition.raw["operationId"]
    with _lock:
        _counts[operation, response.status_code, case.id in _met] += 1
        _met.discard(case.id)
        with open(COUNTS, "w") as file:
            json.dump([[*key, count] for key, count in sorted(_counts.items())], file)
