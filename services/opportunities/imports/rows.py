"""Rows of a table → records of opportunities, by a mapping. Pure: today is an argument; looks nothing up in the log."""

from collections.abc import Generator
from datetime import date
from decimal import Decimal

from services.opportunities.imports.target import (
    ContactRule,
    LineRule,
    Mapped,
    MappedContact,
    MappedLine,
    MappedPerson,
    MappedRow,
    MappedUnit,
    OpportunityMapping,
    PersonRule,
    StageEntry,
    UnitRule,
)
from shared.imports.lookups import Lookups
from shared.imports.mapping import check_columns
from shared.imports.problems import RowProblem, ValueRefused
from shared.imports.reading import Read, Readers, Reading, day_only, instant_only
from shared.imports.rows import Cells, Row
from shared.imports.rules import DayRule, PercentRule, Rule
from shared.imports.tables import Table
from shared.imports.values import currency_of, plain


def mapped_rows(
    table: Table, mapping: OpportunityMapping, lookups: Lookups, *, today: date, skip: int = 0
) -> Generator[Mapped, None, None]:
    """Every row of a table, taken or refused, in order. `today` is the tenant's day: later facts are refused.

    Raises MappingRefused (a column is missing) and TableRefused (the rest of the file cannot be read).
    """
    check_columns(mapping, table.columns)
    apply = OpportunityRows(mapping, lookups, today=today)
    for row in table.rows(skip=skip):
        yield (row,) if isinstance(row, RowProblem) else apply(row)


class OpportunityRows:
    """A mapping made ready: call it with a row."""

    def __init__(self, mapping: OpportunityMapping, lookups: Lookups, *, today: date) -> None:
        self._today = today
        self._zone = mapping.time_zone
        self._system = mapping.external.system
        self._readers = readers = Readers(mapping.defaults, mapping.time_zone, lookups)
        currency = readers.parsed(mapping.currency.model_copy(update={"required": True}), currency_of)
        self._currency = currency
        self._external = readers.text(mapping.external)
        self._title = self._text(mapping.title)
        self._account = readers.reference(mapping.account) if mapping.account else _blank
        self._contact = self._contact_of(mapping.contact) if mapping.contact else _blank
        self._owner = self._person_of(mapping.owner) if mapping.owner else _blank
        self._unit = self._unit_of(mapping.unit) if mapping.unit else _blank
        self._lines = [self._line_of(line, currency) for line in mapping.lines]
        self._amount = readers.amount(mapping.amount, currency) if mapping.amount else _blank
        self._channel = self._text(mapping.channel)
        self._channel_given = readers.given(mapping.channel) if mapping.channel else _blank
        self._expected = self._day(mapping.expected_on)
        self._recall = self._day(mapping.recall_on)
        self._level = self._text(mapping.level)
        self._probability = self._share(mapping.probability)
        self._probability_given = readers.given(mapping.probability) if mapping.probability else _blank
        self._reason = readers.text(mapping.reason.model_copy(update={"required": True})) if mapping.reason else _blank
        self._reason_given = readers.given(mapping.reason) if mapping.reason else _blank
        self._kind = readers.text(mapping.defeat_kind.model_copy(update={"required": True}))
        self._competitor = self._text(mapping.competitor)
        self._remark = self._text(mapping.remark)
        self._attributes = [(name, readers.attribute(rule)) for name, rule in mapping.attributes.items()]
        self._stage_column = mapping.stage.column
        self._stages = {
            text: _Stage(
                entry,
                captured=self._day(entry.captured_on or mapping.captured_on),
                judged=self._day(entry.judged_on),
                closed=self._day(_required(entry.closed_on)),
                delivered=self._day(_required(entry.delivered_on)),
            )
            for text, entry in mapping.stage.values.items()
        }

    def __call__(self, row: Row) -> Mapped:
        """The row's record, or all its problems."""
        reading = Reading(row)
        take = reading.take
        given = row.cells.get(self._stage_column, "")
        stage = self._stages.get(given) or self._stages.get(plain(given))
        if stage is None:
            reading.refuse("unmapped" if given else "blank", given, self._stage_column)
            stage = _UNKNOWN
        external, currency = take(self._external), take(self._currency)
        captured, closed, delivered = take(stage.captured), take(stage.closed), take(stage.delivered)
        captured_on, closed_on = day_only(captured, self._zone), day_only(closed, self._zone)
        judged_on, delivered_on = day_only(take(stage.judged), self._zone), day_only(delivered, self._zone)
        self._check_days(reading, captured_on, judged_on, closed_on, delivered_on)
        entry = stage.entry
        lost, closing = entry.reaches == "lost", entry.reaches in ("lost", "frozen", "lost_contact")
        level = entry.level or take(self._level)
        if level is None and entry.reaches == "judged":
            reading.refuse("blank", "", "level")
        reason = entry.reason or (take(self._reason) if closing else None)
        record = MappedRow(
            line=row.line,
            external_system=self._system,
            external_ref=external or "",
            title=take(self._title),
            account=take(self._account),
            contact=take(self._contact),
            owner=take(self._owner),
            unit=take(self._unit),
            lines=tuple(line for read in self._lines if (line := take(read)) is not None),
            amount=take(self._amount),
            currency=currency or "",
            channel=take(self._channel),
            channel_given=take(self._channel_given),
            life_cycle=entry.reaches,
            captured_on=captured_on,
            captured_at=instant_only(captured),
            judged_on=judged_on,
            expected_on=day_only(take(self._expected), self._zone),
            closed_on=closed_on,
            closed_at=instant_only(closed),
            delivered_on=delivered_on,
            recall_on=day_only(take(self._recall), self._zone),
            stage=entry.stage or plain(given),
            stage_given=given,
            level=level,
            probability=take(self._probability),
            probability_given=take(self._probability_given),
            reason_code=reason,
            reason_given=take(self._reason_given) if closing else None,
            defeat_kind=take(self._kind) if lost else None,
            competitor=take(self._competitor),
            remark=take(self._remark),
            attributes={name: value for name, read in self._attributes if (value := take(read)) is not None},
        )
        return tuple(reading.problems) if reading.problems else record

    def _check_days(self, reading: Reading, captured: date | None, *later: date | None) -> None:
        """The life cycle must be possible: nothing in the future, nothing before the capture, no close without one."""
        for day in (captured, *later):
            if day is not None and day > self._today:
                reading.refuse("in_the_future", day.isoformat())
        known = [day for day in later if day is not None]
        if known and captured is None and not reading.problems:
            reading.refuse("blank", "", "captured_on")
        elif captured is not None and known and min(known) < captured:
            reading.refuse("closed_before_captured", f"{min(known)} < {captured}")

    def _text(self, rule: Rule | None) -> Read[str | None]:
        return self._readers.text(rule) if rule else _blank

    def _day(self, rule: DayRule | None) -> Read[date | None]:
        return self._readers.day(rule) if rule else _blank

    def _share(self, rule: PercentRule | None) -> Read[Decimal | None]:
        return self._readers.share(rule) if rule else _blank

    def _contact_of(self, rule: ContactRule) -> Read[MappedContact | None]:
        name, phone, mail = self._readers.text(rule.name), self._text(rule.phone), self._text(rule.mail)

        def read(cells: Cells) -> MappedContact | None:
            person = name(cells)
            return None if person is None else MappedContact(name=person, phone=phone(cells), mail=mail(cells))

        return read

    def _person_of(self, rule: PersonRule) -> Read[MappedPerson | None]:
        reference = self._readers.reference(rule)
        unit = self._unit_of(rule.unit) if rule.unit else _blank
        above = self._person_of(rule.reports_to) if rule.reports_to else _blank

        def read(cells: Cells) -> MappedPerson | None:
            person = reference(cells)
            return None if person is None else MappedPerson(person=person, unit=unit(cells), reports_to=above(cells))

        return self._readers.memo(rule, read)

    def _unit_of(self, rule: UnitRule) -> Read[MappedUnit | None]:
        reference = self._readers.reference(rule)
        parent = self._unit_of(rule.parent) if rule.parent else _blank

        def read(cells: Cells) -> MappedUnit | None:
            unit = reference(cells)
            return None if unit is None else MappedUnit(unit=unit, kind=rule.kind, parent=parent(cells))

        return self._readers.memo(rule, read)

    def _line_of(self, rule: LineRule, currency: Read[str | None]) -> Read[MappedLine | None]:
        product, units = (
            self._readers.reference(rule.product),
            self._readers.integer(rule.units.model_copy(update={"required": True})),
        )
        price = self._readers.amount(rule.unit_price, currency) if rule.unit_price else _blank

        def read(cells: Cells) -> MappedLine | None:
            named = product(cells)
            if named is None:
                return None
            if not (count := units(cells)):
                raise ValueRefused("zero", "0", rule.units.column or "")
            return MappedLine(product=named, units=count, unit_price=price(cells))

        return read


class _Stage:
    """One stage of the mapping with its readers of days."""

    def __init__(
        self,
        entry: StageEntry,
        *,
        captured: Read[date | None],
        judged: Read[date | None],
        closed: Read[date | None],
        delivered: Read[date | None],
    ) -> None:
        self.entry = entry
        self.captured, self.judged, self.closed, self.delivered = captured, judged, closed, delivered


def _required(rule: DayRule | None) -> DayRule | None:
    """A stage that says when it was closed means it: a blank day is a problem of the row."""
    return rule.model_copy(update={"required": True}) if rule else None


def _blank(_cells: Cells) -> None:
    return None


_UNKNOWN = _Stage(StageEntry(reaches="captured"), captured=_blank, judged=_blank, closed=_blank, delivered=_blank)
