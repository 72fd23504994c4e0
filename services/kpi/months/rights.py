"""Who closes months. Reads nothing."""

from __future__ import annotations

from typing import Final

from shared.identity.approval import holds
from shared.identity.principal import DIRECTOR, HEAD_OFFICE, INTEGRATION
from shared.identity.sight import Sight

CLOSES: Final = frozenset((DIRECTOR, HEAD_OFFICE, INTEGRATION))
"""Close months and take closes back: figures of the whole company hang on it."""


def may_close(sight: Sight) -> bool:
    """Whether they, or somebody they stand in for, close months."""
    return holds(sight, CLOSES)
