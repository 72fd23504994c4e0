"""What the reads share: from a request to a question, from rows to an answer. Holds no report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, TypeVar, cast
from uuid import UUID

import orjson
from fastapi import Depends, Query, Request, Response

from services.opportunities.policies.level_policy import LevelPolicy
from services.opportunities.reports.asking import Asking
from services.opportunities.reports.filters import Filters
from services.opportunities.reports.labels import Labels
from services.opportunities.reports.levels import UnknownPolicy, policy_in_force
from services.opportunities.views.people import PEOPLE
from services.opportunities.views.units import UNITS
from shared.http.call import call_of
from shared.http.problem import At, Problem
from shared.http.reading import Reading, Report
from shared.identity.subtree import TREE, Tree

D = TypeVar("D", bound=str)

UnitId = Annotated[UUID | None, Query(description="The unit and all below it.")]
TreeAsked = Annotated[Tree, Query(description=TREE)]
InCurrency = Annotated[str | None, Query(pattern="^[A-Z]{3}$")]
"""Parameters that lists and reports have in common."""

POSITION = """
select coalesce(min(coalesce(c.position, 0)), 0)
  from unnest($2::text[], $3::int[]) as v(name, version)
  left join es.checkpoints c on c.tenant_id = $1 and c.view = v.name and c.version = v.version
"""


class Asked:
    """One read of this service: the question, the names, and how it is answered."""

    def __init__(self, read: Reading, request: Request) -> None:
        self.read = read
        self.tree: Tree = "now" if request.query_params.get("tree") == "now" else "then"
        self.latest = "as_of" not in request.query_params
        self.labels = Labels(read.kit.vault, call_of(request.scope).language)
        self.position = 0

    @property
    def pool(self) -> Any:
        return self.read.pool

    async def of(self, *views: Any) -> Asking:
        """The question, once these views have seen what it must show."""
        read = self.read
        await read.wait(PEOPLE, UNITS, *views)  # who sees what is a matter of the organisation
        if read.known_at is None:
            names, versions = [view.name for view in views], [view.version for view in views]
            self.position = await read.pool.fetchval(POSITION, read.tenant_id, names, versions)
        else:
            self.position = read.known_at
        return Asking(
            read.tenant_id,
            read.zone,
            read.as_of,
            await read.sight(),
            known_at=read.known_at,
            latest=self.latest,
            tree=self.tree,
            tree_at=None if self.latest else read.as_of,
        )

    async def policy(self, asking: Asking, code: str | None, name: str = "policy") -> LevelPolicy:
        """The policy asked for, or the tenant's own. Raises Problem 422."""
        try:
            return await policy_in_force(self.pool, asking, code)
        except UnknownPolicy as unknown:
            raise Problem(
                422,
                "unknown_policy",
                errors=(At(f"/{name}", "unknown_policy", params={"policy": unknown.code}, where="query"),),
            ) from None

    def records(self, asking: Asking, report: Mapping[str, Any]) -> Response:
        """A report with a row per record: many of them are taken away, not looked at."""
        self.read.take(len(report["rows"]))
        return self.answer(asking, report)

    def answer(self, asking: Asking, report: Mapping[str, Any]) -> Response:
        """A report, straight to JSON: its rows are of our own making and need no check on each read."""
        return answer({**report, "as_of": asking.at, "position": self.position})


def answer(content: Mapping[str, Any]) -> Response:
    """JSON as it is."""
    return Response(orjson.dumps(content, default=str), media_type="application/json")


async def asked(request: Request, read: Report) -> Asked:
    """What is asked."""
    return Asked(read, request)


async def filters(
    owner_id: UUID | None = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
    account_id: UUID | None = None,
    channel: Annotated[str | None, Query(max_length=100)] = None,
    product: Annotated[str | None, Query(max_length=100, description="Deals with a line of this product code.")] = None,
    currency: InCurrency = None,
) -> Filters:
    """Which deals."""
    for value in (channel, product):
        if value is not None and "\0" in value:
            raise Problem(422, "invalid_filter")
    return Filters(owner_id, unit_id, account_id, channel, product, currency)


Ask = Annotated[Asked, Depends(asked)]
Which = Annotated[Filters, Depends(filters)]
PolicyCode = Annotated[
    str | None, Query(max_length=100, description="Replay under another level policy, by its code. Default: your own.")
]


def days(since: date | None, until: date | None) -> None:
    """Raises Problem 422 for a range that holds no day."""
    if since is not None and until is not None and since > until:
        raise Problem(422, "empty_range", errors=(At("/to", "empty_range", where="query"),))


def dimensions(text: str | None, known: Mapping[D, Any]) -> Sequence[D]:
    """One or two dimensions by comma. Raises Problem 422."""
    if not text:
        return ()
    given = text.split(",")
    if len(given) > 2 or len(set(given)) < len(given) or not set(given) <= set(known):
        raise Problem(
            422,
            "invalid_group_by",
            errors=(At("/group_by", "invalid_group_by", params={"known": ", ".join(known)}, where="query"),),
        )
    return cast(Sequence[D], given)
