"""The kinds of requests that wait for a decision, of every noun, in one place. Decides nothing.

A noun adds its kinds here: `*solutions.KINDS`, from a module of its folder that imports `approvals/kinds.py` alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.opportunities.approvals import deal_kinds
from services.opportunities.approvals.kinds import Kind
from services.opportunities.dealing import kinds as dealing

ALL: tuple[Kind, ...] = (*deal_kinds.KINDS, *dealing.KINDS)

KINDS: Mapping[str, Kind] = {kind.code: kind for kind in ALL}
"""By their codes, in the order they are shown."""
