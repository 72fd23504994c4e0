"""The bytes one endpoint is sent for one event, as its agreement says. They are signed, so they are made once."""

from __future__ import annotations

from shared.feed.envelope import rendered
from shared.feed.reading import Shown
from shared.webhooks.endpoint import Endpoint


def body(endpoint: Endpoint, shown: Shown) -> bytes:
    """The envelope in full, with chosen fields of its data, or without data."""
    return rendered(shown.body)
