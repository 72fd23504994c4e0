"""A contract: numbered drafts, approval within limits, delegated signature, amendments, its end. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Self, cast
from uuid import UUID

from eventsourcing.utils import get_topic

from services.opportunities.contracts.commands import (
    ApproveAmendment,
    ApproveContract,
    DelegateSigning,
    DraftContract,
    PassContractOn,
    RedraftContract,
    RenewContract,
    RequestAmendment,
    ReturnAmendment,
    ReturnContract,
    SignContract,
    TerminateContract,
)
from services.opportunities.contracts.contract_policy import AskedAmount
from services.opportunities.contracts.standing import ALLOWED_FROM, ALREADY, STANDING, pending, refusal, sets
from services.opportunities.contracts.terms import require_sound_terms, terms_of
from services.opportunities.dealing.limits import granting, needs
from services.opportunities.dealing.record import Dealing
from services.opportunities.events import (
    AmendmentRequested,
    AmendmentReturned,
    ContractAmended,
    ContractAmendment,
    ContractApproved,
    ContractDrafted,
    ContractPassedOn,
    ContractRenewed,
    ContractReturned,
    ContractSigned,
    ContractSubmitted,
    ContractTerminated,
    ContractTerms,
    SigningDelegated,
)
from shared.event_store.stream import Entry, Fact, Refused


class Contract(Dealing):
    """One contract of one opportunity, with all its drafts and amendments."""

    stream_type: ClassVar[str] = "contract"
    standing_types: ClassVar[Mapping[str, Any]] = STANDING
    additive: ClassVar[frozenset[str]] = frozenset({"amendments"})
    not_correctable: ClassVar[frozenset[str]] = frozenset(
        {"status", "opportunity_id", "draft", "needs", "approved_amount", "approved_limit", "amendment", "amendments"}
        | {"drafted_by", "submitted_by", "passed_by", "decided_by", "delegated_by", "delegate_id", "signed_by"}
        | {"amendment_requested_by", "amended_by", "by_delegation", "currency"}
        | {"drafted_on", "submitted_on", "decided_on", "amendment_requested_on", "amended_on"}
    )
    allowed_from: ClassVar[Mapping[str, frozenset[str]]] = ALLOWED_FROM
    already: ClassVar[Mapping[str, str]] = ALREADY
    actions: ClassVar[Mapping[str, str]] = {
        "draft": "ContractDrafted",
        "submit": "ContractSubmitted",
        "pass-on": "ContractPassedOn",
        "approve": "ContractApproved",
        "return": "ContractReturned",
        "delegate-signing": "SigningDelegated",
        "sign": "ContractSigned",
        "request-amendment": "AmendmentRequested",
        "approve-amendment": "ContractAmended",
        "return-amendment": "AmendmentReturned",
        "renew": "ContractRenewed",
        "terminate": "ContractTerminated",
        "correct": "FactCorrected",
        "void": "FactVoided",
    }
    restricted: ClassVar[frozenset[str]] = frozenset(
        {"pass-on", "approve", "return", "delegate-signing", "approve-amendment", "return-amendment"}
    )
    decisions: ClassVar[frozenset[str]] = frozenset(
        {"ContractPassedOn", "ContractApproved", "ContractReturned", "SigningDelegated", "ContractAmended"}
        | {"AmendmentReturned"}
    )
    settles: ClassVar[frozenset[str]] = frozenset({"ContractApproved", "ContractAmended"})
    content: ClassVar[frozenset[str]] = frozenset({"ContractDrafted", "ContractSubmitted", "AmendmentRequested"})

    def sets(self, fact: Any) -> Mapping[str, Any] | None:
        """The standing fields a fact sets."""
        return sets(fact)

    def refusal(self, fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
        """What an amendment that waits does not allow, and one that does not."""
        return refusal(fact, standing, changes)

    # -- drafts --------------------------------------------------------------------------------------------

    @classmethod
    def drawn_up(cls, command: DraftContract, *, currency: str, id: UUID, by: UUID, at: datetime, day: date) -> Self:
        """The first draft; `currency` is the opportunity's."""
        return cls.begin(
            ContractDrafted,
            id=id,
            at=at,
            opportunity_id=command.opportunity_id,
            title=command.title,
            draft=1,
            terms=terms_of(command, {}, currency),
            drafted_by=by,
            drafted_on=day,
        )

    def redraft(self, command: RedraftContract, *, by: UUID, at: datetime, day: date) -> None:
        """The next draft; it needs approval again."""
        before = self.standing_at(at)
        self.happen(
            cast("type[Fact]", ContractDrafted),  # a first fact that comes later too
            at=at,
            originator_topic=get_topic(type(self)),
            opportunity_id=None,
            title=None,
            draft=self.told("ContractDrafted") + 1,
            terms=terms_of(command, before, before.get("currency", "")),
            drafted_by=by,
            drafted_on=day,
        )

    def submit(self, *, asked: AskedAmount, by: UUID, at: datetime, day: date) -> None:
        """Hand the draft in; it needs the lowest function whose limit covers it."""
        self.happen(
            ContractSubmitted,
            at=at,
            draft=self._draft(at),
            submitted_by=by,
            submitted_on=day,
            needs=needs(asked),
        )

    def pass_on(self, command: PassContractOn, *, to: str, by: UUID, at: datetime) -> None:
        """Support it and let somebody higher decide."""
        self.happen(ContractPassedOn, at=at, needs=to, passed_by=by, comment=command.comment)

    def approve(
        self,
        command: ApproveContract,
        *,
        asked: AskedAmount,
        functions: Collection[str],
        by: UUID,
        at: datetime,
        day: date,
    ) -> None:
        """Approve the draft that waits, by the limit of `functions`."""
        function, limit = _limit(asked, functions)
        self.happen(
            ContractApproved,
            at=at,
            draft=self._draft(at),
            decided_by=by,
            decided_on=day,
            comment=command.comment,
            approved_amount=asked.amount,
            approved_limit=limit,
            function=function,
        )

    def give_back(self, command: ReturnContract, *, by: UUID, at: datetime, day: date) -> None:
        """Return the draft that waits."""
        self.happen(
            ContractReturned, at=at, draft=self._draft(at), decided_by=by, decided_on=day, comment=command.comment
        )

    # -- signature -----------------------------------------------------------------------------------------

    def delegate_signing(self, command: DelegateSigning, *, by: UUID, at: datetime, day: date) -> None:
        """Let another sign. Raises Refused 422 `delegation_over`."""
        if command.until < day:
            raise Refused("delegation_over", "that day has gone by", status=422, pointer="/until")
        self.happen(
            SigningDelegated,
            at=at,
            delegate_id=command.delegate_id,
            delegate_until=command.until,
            delegated_by=by,
        )

    def is_delegate(self, person_id: UUID, *, at: datetime, day: date) -> bool:
        """Whether this person may sign on a day, by a delegation told of then or before.

        A delegation is for the draft it was given for: who had the limit for that one may not have it for a later one.
        """
        standing = self.standing_at(at)
        until: date | None = standing.get("delegate_until")
        if standing.get("delegate_id") != person_id or until is None or day > until:
            return False
        told = [entry for entry in self.entries() if entry.occurred_at <= at]
        latest = max(
            (entry for entry in told if entry.type in ("ContractDrafted", "SigningDelegated")),
            key=lambda entry: (entry.occurred_at, entry.version),
        )
        return latest.type == "SigningDelegated"

    def sign(self, command: SignContract, *, signed_by: UUID, by_delegation: bool, at: datetime, day: date) -> None:
        """The contract was signed."""
        self.happen(
            ContractSigned,
            at=at,
            number=command.number,
            signed_by=signed_by,
            signed_on=day,
            by_delegation=by_delegation,
        )

    # -- afterwards ----------------------------------------------------------------------------------------

    def amended_terms(self, command: RequestAmendment, *, at: datetime) -> ContractTerms:
        """What the contract would say. Raises Refused 422 as drafting does."""
        before = self.standing_at(at)
        return terms_of(command, before, before.get("currency", ""))

    def request_amendment(
        self, command: RequestAmendment, *, asked: AskedAmount, by: UUID, at: datetime, day: date
    ) -> None:
        """Ask to change it. Within what was approved, or for no more than now, it holds at once."""
        terms = self.amended_terms(command, at=at)
        free = self._approved(terms, at=at)
        amendment = ContractAmendment(self.told("AmendmentRequested") + 1, command.reason, terms)
        request = {
            "amendment": amendment,
            "amendment_requested_by": by,
            "amendment_requested_on": day,
            "needs": None if free else needs(asked),
        }
        if not free:
            self.happen(AmendmentRequested, at=at, **request)
            return
        amended = {
            "number": amendment.number,
            "terms": terms,
            "amended_by": None,
            "amended_on": day,
            "comment": None,
            "approved_limit": None,
            "function": None,
        }
        self.happen_together(at, (AmendmentRequested, request), (ContractAmended, amended))

    def approve_amendment(
        self,
        command: ApproveAmendment,
        *,
        asked: AskedAmount,
        functions: Collection[str],
        by: UUID,
        at: datetime,
        day: date,
    ) -> None:
        """Approve the change that waits, by the limit of `functions`: the contract says so from now on."""
        amendment = pending(self.standing_at(at))
        function, limit = _limit(asked, functions)
        self.happen(
            ContractAmended,
            at=at,
            number=amendment.number,
            terms=amendment.terms,
            amended_by=by,
            amended_on=day,
            comment=command.comment,
            approved_limit=limit,
            function=function,
        )

    def return_amendment(self, command: ReturnAmendment, *, by: UUID, at: datetime) -> None:
        """Do not want the change that waits."""
        number = pending(self.standing_at(at)).number
        self.happen(AmendmentReturned, at=at, number=number, amended_by=by, comment=command.comment)

    def renew(self, command: RenewContract, *, at: datetime, day: date) -> None:
        """It runs on. Raises Refused 422 `ends_earlier`."""
        ends: date | None = self.standing_at(at).get("ends_on")
        if ends is not None and command.ends_on < ends:
            raise Refused("ends_earlier", "it runs longer already", status=422, pointer="/ends_on")
        self.happen(ContractRenewed, at=at, ends_on=command.ends_on, renewed_on=day, reason=command.reason)

    def terminate(self, command: TerminateContract, *, at: datetime, day: date) -> None:
        """It ended before its time."""
        self.happen(ContractTerminated, at=at, terminated_on=day, terminated_reason=command.reason)

    def require_sound(self, entry: Entry) -> None:
        """Corrected terms must hold together as given ones do."""
        if entry.type in ("ContractDrafted", "ContractAmended"):
            require_sound_terms(entry.changes, pointer="/changes")

    def _draft(self, at: datetime) -> int:
        return int(self.standing_at(at).get("draft", 0))

    def _approved(self, terms: ContractTerms, *, at: datetime) -> bool:
        """Whether these terms stay within what was approved, as far as the amount goes.

        Who has no limit approved this amount, not every amount.
        """
        standing = self.standing_at(at)
        if "approved_amount" not in standing or terms.currency != standing["currency"]:
            return False
        approved: Decimal = standing["approved_amount"]
        limit: Decimal | None = standing.get("approved_limit")
        return terms.amount <= (approved if limit is None else max(limit, approved))


def _limit(asked: AskedAmount, functions: Collection[str]) -> tuple[str, Decimal | None]:
    """The function by whose limit it is approved, and that limit; None: it has none."""
    function = granting(asked, functions)
    unlimited = asked.policy.is_unlimited((function,))
    return function, None if unlimited else asked.policy.limit_of((function,), asked.currency)
