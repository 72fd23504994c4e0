"""Facts of lead plans: storage format and public language, for ever. See the service's `events.py`."""

from __future__ import annotations
