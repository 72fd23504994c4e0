"""What deliveries need of the rest: given by the composition root, or by a test. Holds nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import random
from typing import Any
from uuid import UUID

from shared.feed.scopes import Scopes
from shared.identity.sight import Sight
from shared.webhooks.endpoint import Endpoint
from shared.webhooks.payload import Persons
from shared.webhooks.schedule import Chance
from shared.webhooks.sending import DEADLINE_SECONDS, Networks, Sends
from shared.webhooks.vaulted import Signing

MOST_OF_A_TENANT = 1_024
"""A quarter of what a process sends to at a time: a tenant whose receivers are slow leaves room for others."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All of it may raise what a database raises.

    `load`: every endpoint that is not removed. `signing`: its secrets and own headers; None: not there yet. `sight`:
    what it sees today. `allowed`: networks a tenant's endpoints may be in. `pause`: put it into the log that we stopped
    an endpoint, and why (`gone`, `failing`); answers the version of its stream after that, None when it did not come.
    `persons`: what an endpoint may know of those an envelope names; None: nothing of anybody. `most_of_a_tenant`:
    requests under way at a time.
    """

    load: Callable[[], Awaitable[Sequence[Endpoint]]]
    signing: Callable[[Endpoint], Awaitable[Signing | None]]
    sight: Callable[[Endpoint], Awaitable[Sight]]
    allowed: Callable[[UUID], Awaitable[Networks]]
    pause: Callable[[Endpoint, str], Awaitable[int | None]]
    sender: Sends
    scopes: Scopes
    clock: Callable[[], datetime]
    chance: Chance = random
    deadline: float = DEADLINE_SECONDS
    most_of_a_tenant: int = MOST_OF_A_TENANT
    persons: Callable[[Endpoint, Mapping[str, Any]], Awaitable[Persons]] | None = None
