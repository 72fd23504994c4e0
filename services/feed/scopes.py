"""Whose records the streams of all services are, by stream type. A test fails for a stream type that is not here."""

from __future__ import annotations

from shared.feed.scopes import Scopes

SCOPES: Scopes = {}
