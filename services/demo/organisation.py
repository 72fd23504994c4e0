"""Who works in the sample and at which unit. Pure: drawn from the seed; nothing is sent."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from services.demo.names import REGIONS, Branch, person_name

REPRESENTATIVES_A_BRANCH = 4
KEY_ACCOUNTS = "KA"
"""The head office's key-account department: its representatives work at a branch and report here."""
OF_HEAD_OFFICE = ("finance", "customer_service", "technical_support", "hr", "auditor", "tenant_admin", "operations")
"""Functions somebody holds at the head office."""
POSTED_TO = ("B-SH", "B-BJ")
AWAY, STANDS_IN = "B-SH-head", "B-SH-account"
"""Who is away in the sample, and whom they appointed deputy."""


@dataclass(frozen=True, slots=True)
class Post:
    """A person to be: `key` names it in the sample, `unit` is a unit code."""

    key: str
    name: str
    functions: tuple[str, ...]
    unit: str
    posted_to: str | None = None
    """The place of work, where it is not the unit reported to."""

    @property
    def works_at(self) -> str:
        return self.posted_to or self.unit


@dataclass(frozen=True, slots=True)
class Organisation:
    """Everybody, and who sells at which branch."""

    posts: tuple[Post, ...]
    representatives: dict[str, tuple[Post, ...]]
    heads: dict[str, Post]


def branches() -> list[Branch]:
    return [branch for region in REGIONS for branch in region.branches]


def organisation(chance: Random) -> Organisation:
    """A director and the offices around; a manager a region; of each branch a head, an account manager, a back office
    and representatives.

    Besides, the key-account department: a head, and representatives posted to branches.
    """
    posts: list[Post] = [Post("director", person_name(chance), ("director",), "HQ")]
    posts += [Post(function, person_name(chance), (function,), "HQ") for function in OF_HEAD_OFFICE]
    representatives: dict[str, tuple[Post, ...]] = {}
    heads: dict[str, Post] = {}
    for region in REGIONS:
        posts.append(Post(f"{region.code}-manager", person_name(chance), ("regional_manager",), region.code))
        for branch in region.branches:
            head = Post(f"{branch.code}-head", person_name(chance), ("department_head",), branch.code)
            sellers = tuple(
                Post(f"{branch.code}-rep{number}", person_name(chance), ("representative",), branch.code)
                for number in range(1, REPRESENTATIVES_A_BRANCH + 1)
            )
            posts += [
                head,
                Post(f"{branch.code}-account", person_name(chance), ("account_manager",), branch.code),
                Post(f"{branch.code}-office", person_name(chance), ("back_office",), branch.code),
                *sellers,
            ]
            representatives[branch.code] = sellers
            heads[branch.code] = head
    posts.append(Post(f"{KEY_ACCOUNTS}-head", person_name(chance), ("department_head",), KEY_ACCOUNTS))
    for number, branch_code in enumerate(POSTED_TO, start=1):
        name = person_name(chance)
        guest = Post(f"{KEY_ACCOUNTS}-rep{number}", name, ("representative",), KEY_ACCOUNTS, posted_to=branch_code)
        posts.append(guest)
        representatives[branch_code] += (guest,)
    return Organisation(tuple(posts), representatives, heads)
