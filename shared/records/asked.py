"""What the reads of a service share: from a request to a question, from rows to an answer. Holds no report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, ClassVar, TypeVar, cast
from uuid import UUID

import orjson
from fastapi import Query, Request, Response

from shared.http.problem import At, Problem
from shared.http.reading import Reading
from shared.identity.subtree import TREE, Tree
from shared.projections.view import View
from shared.records.asking import Asking

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
    """One read: the question, and how it is answered. A subclass names the views that say who sees what."""

    of_sight: ClassVar[tuple[View, ...]]

    def __init__(self, read: Reading, request: Request) -> None:
        self.read = read
        self.tree: Tree = "now" if request.query_params.get("tree") == "now" else "then"
        self.latest = "as_of" not in request.query_params
        self.position = 0

    @property
    def pool(self) -> Any:
        return self.read.pool

    async def of(self, *views: Any) -> Asking:
        """The question, once these views have seen what it must show."""
        read = self.read
        await read.wait(*self.of_sight, *views)  # who sees what is a matter of the organisation
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
