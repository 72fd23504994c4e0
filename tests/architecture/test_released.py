"""What a release published stays readable: views keep their definition or get a version, facts and their parts grow.

`released.json` is what the last release published. After the next one write it anew, from `published()`; until then
nothing in it is changed to make a test pass: logs and tables out there are as it says.
"""

from __future__ import annotations

import enum
import json
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from services.accounts.views import VIEWS as ACCOUNTS_VIEWS
from services.event_page import SERVICES
from services.kpi.views import VIEWS as KPI_VIEWS
from services.opportunities.views import VIEWS as OPPORTUNITIES_VIEWS
from services.webhooks.views import VIEWS as WEBHOOK_VIEWS
from shared.event_store.facts import registry

RELEASED = json.loads(Path(__file__).with_name("released.json").read_text(encoding="utf-8"))
FORMS: dict[str, type[msgspec.Struct]] = {}
"""The stored forms of facts and of what stands in them, by name; filled by `published`."""


def published() -> dict[str, dict[str, Any]]:
    """As of now: views with version and definition, facts and parts with their fields, codes with their values."""
    found: dict[str, dict[str, Any]] = {"views": {}, "facts": {}, "parts": {}, "codes": {}}
    for view in (*ACCOUNTS_VIEWS, *OPPORTUNITIES_VIEWS, *KPI_VIEWS, *WEBHOOK_VIEWS):
        found["views"][view.name] = {"version": view.version, "definition": view.definition}
    for module in SERVICES.values():
        for name, fact in registry(module).types.items():
            found["facts"][name] = list(fact.fields)
            FORMS[name] = fact.form
            for field in msgspec.structs.fields(fact.form):
                _collect(field.type, found)
    return found


def _collect(kind: Any, found: dict[str, dict[str, Any]]) -> None:
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        found["codes"][kind.__name__] = [one.value for one in kind]
    elif isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__name__ not in found["parts"]:
        fields = msgspec.structs.fields(kind)
        found["parts"][kind.__name__] = [field.encode_name for field in fields]
        FORMS[kind.__name__] = kind
        for field in fields:
            _collect(field.type, found)
    for argument in get_args(kind):
        _collect(argument, found)


NOW = published()


@pytest.mark.parametrize("name", RELEASED["views"])
def test_a_view_is_as_it_was_released_or_has_a_new_version(name: str) -> None:
    """Else an installation that goes on with the new code refuses the view, and every report that reads it."""
    released, now = RELEASED["views"][name], NOW["views"][name]
    assert now["version"] > released["version"] or now == released, f"give {name} version {released['version'] + 1}"


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in ("facts", "parts") for name in RELEASED[kind]])
def test_what_was_stored_can_be_read(kind: str, name: str) -> None:
    """No field is gone, and each that was added has a default."""
    assert set(RELEASED[kind][name]) <= set(NOW[kind][name])
    required = {field.encode_name for field in msgspec.structs.fields(FORMS[name]) if field.required}
    assert required <= set(RELEASED[kind][name]), f"{name}: old events have no such fields"


@pytest.mark.parametrize("name", RELEASED["codes"])
def test_no_code_that_was_stored_is_gone(name: str) -> None:
    assert set(RELEASED["codes"][name]) <= set(NOW["codes"][name])
