"""The document of the service is complete, and its refusals have names in both languages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from services.accounts.main import make_app
from services.accounts.routes.rights import TAKEN
from services.accounts.texts import TEXTS
from shared.http.texts import TEXTS as KIT

SOURCE = Path(__file__).parents[2] / "services" / "accounts"


def document() -> dict[str, Any]:
    return make_app().openapi()


def test_every_command_shows_an_example_and_every_operation_has_a_stable_name() -> None:
    shown = document()
    for path, operations in shown["paths"].items():
        for operation in operations.values():
            assert operation["operationId"]
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            if path.startswith(("/v1/accounts", "/v1/units", "/v1/people")) and "$ref" in body:
                schema = shown["components"]["schemas"][body["$ref"].rpartition("/")[2]]
                assert schema.get("examples"), f"{path} has no example"


def test_every_refusal_has_a_name_in_both_languages() -> None:
    codes = {code for code, _ in TAKEN.values()}
    for file in SOURCE.rglob("*.py"):
        codes |= set(re.findall(r'(?:Refused|Problem)\(\s*(?:\d+, )?"([a-z_]+)"', file.read_text()))
    assert len(codes) > 15
    assert codes <= {*TEXTS, *KIT}
    assert all(text.zh and text.en for text in TEXTS.values())
