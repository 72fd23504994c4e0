"""An address in memory that plays along with proofs, or does not. Only for tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from shared.webhooks.sending import DEADLINE_SECONDS, Answer, Networks


def echoed(body: bytes) -> Answer:
    """The challenge, as a receiver gives it back; of an event nothing."""
    said = json.loads(body)["data"]
    if "challenge" not in said:
        return Answer(204, 3.0)
    return Answer(200, 3.0, heard=json.dumps({"challenge": said["challenge"]}).encode())


def silent(body: bytes) -> Answer:
    """Takes it and gives nothing back."""
    return Answer(204, 3.0)


@dataclass
class Listener:
    """An address that keeps what it is sent. `says` answers a ping: usually with its challenge."""

    says: Callable[[bytes], Answer] = echoed
    allowed_origin: str | None = None
    posts: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)
    asked: list[Mapping[str, str]] = field(default_factory=list)

    async def post(
        self,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        allowed: Networks = (),
        deadline: float = DEADLINE_SECONDS,
    ) -> Answer:
        self.posts.append((url, dict(headers), body))
        return self.says(body)

    async def options(
        self, url: str, headers: Mapping[str, str], *, allowed: Networks = (), deadline: float = DEADLINE_SECONDS
    ) -> Answer:
        self.asked.append(dict(headers))
        granted = {} if self.allowed_origin is None else {"webhook-allowed-origin": self.allowed_origin}
        return Answer(405, 3.0, webhook=granted)
