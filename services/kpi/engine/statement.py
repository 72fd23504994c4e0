"""One statement of a source: periods, groups, filters and sight filled in. Knows no measure."""

from __future__ import annotations

from typing import Any

from services.kpi.asking import Sql
from services.kpi.engine.definition import Dimension
from services.kpi.engine.question import Keys, Question
from services.kpi.views import accounts
from shared.records.places import joined

DIRECT: dict[Dimension, str] = {
    "person": "f.owner_id",
    "unit": "f.unit_id",
    "channel": "f.channel",
    "product": "p.product",
    "branch": "branch.place_id",
    "region": "region.place_id",
    "account_kind": "ak.kind",
    "segment": "a.sector",
}
PRODUCTS = """
  left join lateral jsonb_to_recordset(f.lines) as p(product text, units int, amount numeric) on true
"""
ACCOUNTS = """
  left join {accounts} as a on a.stream_id = f.account_id and {holds}
"""
KINDS = """
  left join lateral unnest(a.kinds) as ak(kind) on true
"""
IN_ONE = """
  cross join lateral (
      select width_bucket({at}, {starts}) as k,
             ({starts})[width_bucket({at}, {starts})] as start, ({ends})[width_bucket({at}, {starts})] as finish) as w
"""
IN_SEVERAL = """
  cross join lateral (
      select w.k, ({starts})[w.k] as start, ({ends})[w.k] as finish
        from generate_series(width_bucket({at}, {ends}) + 1, width_bucket({at}, {starts})) as w(k)
      ) as w
"""


class Statement:
    """Rows `f` have owner_id, unit_id, account_id, channel and lines (jsonb, by product); what is grouped by need be.

    `by_lines`: amounts are those of the lines `p`, since products are told apart.
    """

    def __init__(self, question: Question) -> None:
        self.question = question
        self.sql = Sql(question.asking)
        filters = question.filters
        self.by_lines = "product" in question.group_by or filters.product is not None

    def groups(self) -> list[str]:
        """The expression of each dimension asked for."""
        return [DIRECT[dimension] for dimension in self.question.group_by]

    def joins(self) -> str:
        """What the rows are joined to for their groups."""
        dimensions, found = self.question.group_by, ""
        if self.by_lines:
            found += PRODUCTS
        if "account_kind" in dimensions or "segment" in dimensions:
            found += self.sql.text(ACCOUNTS, accounts=self.sql.along(accounts.ACCOUNTS), holds=self.sql.holds("a"))
        if "account_kind" in dimensions:
            found += KINDS
        return found + self.places()

    def places(self) -> str:
        """The joins that give branch and region of a row's unit."""
        return joined(self.sql, self.question.places, "f.unit_id")

    def periods(self, at: str = "f.at") -> str:
        """The join that gives `w.k` (counted from 1), `w.start` and `w.finish` of the periods an instant lies in."""
        form = IN_SEVERAL if self.question.overlap else IN_ONE
        return form.format(at=at, starts=self.starts(), ends=self.ends())

    def within(self, at: str = "f.at", *, bounded: bool = False) -> str:
        """The predicate that an instant lies in one of the periods, and not after the instant asked about.

        `bounded`: it lies between the first period and the last anyhow. Saying it again of what is worked out would
        make the planner take a hundredth of the rows for all, and sort what it could hash.
        """
        question = self.question
        starts, ends = question.starts, question.ends
        said = ["true"]
        if not bounded:
            said = [f"{at} >= {self.sql(starts[0])}", f"{at} < {self.sql(ends[-1])}", f"{at} <= {self.sql.named('at')}"]
        gaps = any(after > before for before, after in zip(ends, starts[1:], strict=False))
        if gaps and not question.overlap:
            said.append(f"{at} < w.finish")
        return " and ".join(said)

    def starts(self) -> str:
        return self._array("starts", self.question.starts)

    def ends(self) -> str:
        return self._array("ends", self.question.ends)

    def after(self) -> str:
        return self._array("after", list(self.question.after))

    def _array(self, name: str, values: list[Any]) -> str:
        made: dict[str, str] = self.__dict__.setdefault("_arrays", {})
        if name not in made:
            made[name] = self.sql(values) + "::timestamptz[]"
        return made[name]

    def wanted(self) -> str:
        """The filters and what the asker sees: owner and unit of the row, as they were at its time.

        The currency is a filter of money alone: the measures apply it.
        """
        filters, said = self.question.filters, [self.sql.counted("f")]
        if filters.unit_id is not None:
            said.append(self.sql.below("f.unit_id", filters.unit_id))
        if filters.person_id is not None:
            said.append(f"f.owner_id = {self.sql(filters.person_id)}")
        if filters.channel is not None:
            said.append(f"f.channel = {self.sql(filters.channel)}")
        if filters.product is not None:
            said.append(f"p.product = {self.sql(filters.product)}")
        if filters.keys is not None:
            for group, key in zip(self.groups(), filters.keys, strict=True):
                said.append(f"{group} is null" if key is None else f"{group}::text = {self.sql(key)}")
        return " and ".join(said)


def keys_of(row: Any, count: int) -> Keys:
    """The keys of a fetched row, whose groups are named g0, g1."""
    return tuple(None if (key := row[f"g{place}"]) is None else str(key) for place in range(count))
