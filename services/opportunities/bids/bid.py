"""A bid for a tender: decided on, documents and bond, handed in, opened, won or lost. Pure. Wins no deal."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, ClassVar, Self
from uuid import UUID

from services.opportunities.bids.commands import (
    CancelBid,
    ChangeTender,
    DecideBid,
    Documents,
    FinishDocument,
    LoseBid,
    OpenBids,
    PayBond,
    RecordTender,
    SubmitBid,
    WinBid,
)
from services.opportunities.bids.standing import STANDING, TENDER, sets
from services.opportunities.dealing.given import lines_and_amount, total
from services.opportunities.dealing.record import Dealing
from services.opportunities.events import (
    BidBondPaid,
    BidBondReturned,
    BidCancelled,
    BidDecided,
    BidDocumentDone,
    BidLost,
    BidOpened,
    BidStatus,
    BidSubmitted,
    BidWon,
    CompetingBid,
    DocumentDone,
    RequiredDocument,
    TenderChanged,
    TenderDocumentsBought,
    TenderRecorded,
)
from services.opportunities.opportunity.lines import stated_amount
from shared.event_store.stream import Entry, Refused

CONSIDERED, PREPARING, DECLINED = BidStatus.CONSIDERED, BidStatus.PREPARING, BidStatus.DECLINED
SUBMITTED, OPENED = BidStatus.SUBMITTED, BidStatus.OPENED
UNDECIDED = frozenset({CONSIDERED, PREPARING})
HANDED_IN = frozenset({SUBMITTED, OPENED})


class Bid(Dealing):
    """Our bid for one tender."""

    stream_type: ClassVar[str] = "bid"
    standing_types: ClassVar[Mapping[str, Any]] = STANDING
    additive: ClassVar[frozenset[str]] = frozenset({"documents_done"})
    not_correctable: ClassVar[frozenset[str]] = frozenset(
        {"status", "opportunity_id", "go", "recorded_by", "decided_by", "submitted_by", "recorded_on", "decided_on"}
        | {"submitted_on", "result_category", "cancelled_by"}
    )
    allowed_from: ClassVar[Mapping[str, frozenset[str]]] = {
        "TenderChanged": frozenset({CONSIDERED, PREPARING, SUBMITTED}),
        "TenderDocumentsBought": UNDECIDED,
        "BidDecided": UNDECIDED | {DECLINED},
        "BidDocumentDone": UNDECIDED,
        "BidBondPaid": UNDECIDED | HANDED_IN,
        "BidSubmitted": frozenset({PREPARING}),
        "BidOpened": HANDED_IN,
        "BidWon": HANDED_IN,
        "BidLost": HANDED_IN,
        "BidCancelled": UNDECIDED | HANDED_IN,
    }
    already: ClassVar[Mapping[str, str]] = {
        BidStatus.CONSIDERED: "nobody has decided yet whether we bid",
        BidStatus.PREPARING: "the bid is not handed in yet",
        BidStatus.DECLINED: "it was decided not to bid",
        BidStatus.SUBMITTED: "the bid is handed in",
        BidStatus.OPENED: "the bids were opened",
        BidStatus.WON: "the tender is won",
        BidStatus.LOST: "the tender is lost",
        BidStatus.CANCELLED: "the tender was called off, or we withdrew",
    }
    actions: ClassVar[Mapping[str, str]] = {
        "change": "TenderChanged",
        "buy-documents": "TenderDocumentsBought",
        "decide": "BidDecided",
        "finish-document": "BidDocumentDone",
        "pay-bond": "BidBondPaid",
        "return-bond": "BidBondReturned",
        "submit": "BidSubmitted",
        "open": "BidOpened",
        "win": "BidWon",
        "lose": "BidLost",
        "cancel": "BidCancelled",
        "correct": "FactCorrected",
        "void": "FactVoided",
    }
    restricted: ClassVar[frozenset[str]] = frozenset({"decide"})
    decisions: ClassVar[frozenset[str]] = frozenset({"BidDecided"})

    def sets(self, fact: Any) -> Mapping[str, Any] | None:
        """The standing fields a fact sets."""
        return sets(fact)

    def refusal(self, fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
        """What the bond and the list of documents do not allow."""
        match fact:
            case "BidBondPaid" if standing.get("bond_paid_on") is not None:
                return Refused("bond_paid", "the bond is paid already")
            case "BidBondReturned" if standing.get("bond_paid_on") is None:
                return Refused("bond_not_paid", "no bond was paid")
            case "BidBondReturned" if standing.get("bond_returned_on") is not None:
                return Refused("bond_returned", "the bond came back already")
            case "BidDocumentDone":
                return _document_refusal(standing, changes.get("documents_done", ()))
            case _:
                return None

    # -- commands ------------------------------------------------------------------------------------------

    @classmethod
    def tender(cls, command: RecordTender, *, currency: str, id: UUID, by: UUID, at: datetime, day: date) -> Self:
        """Put a tender on record; `currency` is the opportunity's."""
        return cls.begin(
            TenderRecorded,
            id=id,
            at=at,
            opportunity_id=command.opportunity_id,
            tender_number=command.tender_number,
            tenderer=command.tenderer,
            currency=command.currency or currency,
            published_on=command.published_on,
            questions_until=command.questions_until,
            opening_at=command.opening_at,
            bond_amount=command.bond_amount,
            bond_due_on=command.bond_due_on,
            documents=_documents(command.documents),
            recorded_by=by,
            recorded_on=day,
        )

    def change(self, command: ChangeTender, *, at: datetime) -> None:
        """The tender says otherwise now."""
        said: dict[str, Any] = {name: getattr(command, name) for name in TENDER}
        if command.documents is not None:
            said["documents"] = _documents(command.documents)
        self.happen(TenderChanged, at=at, **said)

    def buy_documents(self, *, at: datetime, day: date) -> None:
        """The tender documents were bought."""
        self.happen(TenderDocumentsBought, at=at, documents_bought_on=day)

    def decide(self, command: DecideBid, *, by: UUID, at: datetime, day: date) -> None:
        """Whether we bid. Says nothing when it is decided so already."""
        if self.standing_at(at).get("go") is not command.go:
            self.happen(BidDecided, at=at, go=command.go, decided_by=by, decided_on=day, decision_reason=command.reason)

    def finish_document(self, command: FinishDocument, *, by: UUID, at: datetime, day: date) -> None:
        """A required document is ready. Says nothing when it was already."""
        done = {document.name for document in self.standing_at(at).get("documents_done", ())}
        if command.name not in done:
            self.happen(BidDocumentDone, at=at, documents_done=(DocumentDone(command.name, day, by),))

    def pay_bond(self, command: PayBond, *, at: datetime, day: date) -> None:
        """The bond was paid. Raises Refused 422 `bond_amount_missing`."""
        amount = command.amount if command.amount is not None else self.standing_at(at).get("bond_amount")
        if amount is None:
            raise Refused("bond_amount_missing", "say how much was paid", status=422, pointer="/amount")
        self.happen(BidBondPaid, at=at, bond_amount=amount, bond_paid_on=day)

    def return_bond(self, *, at: datetime, day: date) -> None:
        """The bond came back."""
        self.happen(BidBondReturned, at=at, bond_returned_on=day)

    def submit(self, command: SubmitBid, *, by: UUID, at: datetime, day: date) -> None:
        """The bid was handed in."""
        lines, amount = lines_and_amount(command.lines, command.amount)
        self.happen(BidSubmitted, at=at, lines=lines, amount=amount, submitted_by=by, submitted_on=day)

    def open_bids(self, command: OpenBids, *, at: datetime, day: date) -> None:
        """The bids were opened."""
        competitors = tuple(CompetingBid(one.name, one.price, one.rank, one.remark) for one in command.competitors)
        self.happen(BidOpened, at=at, competitors=competitors, our_rank=command.our_rank, opened_on=day)

    def win(self, command: WinBid, *, at: datetime, day: date) -> None:
        """We won the tender."""
        self.happen(BidWon, at=at, result_on=day, award_ref=command.award_ref)

    def lose(self, command: LoseBid, *, category: str, at: datetime, day: date) -> None:
        """Somebody else won; `category` is the reason's."""
        self.happen(
            BidLost,
            at=at,
            result_on=day,
            result_reason=command.reason,
            result_category=category,
            winner=command.winner,
            winning_price=command.winning_price,
        )

    def cancel(self, command: CancelBid, *, at: datetime, day: date) -> None:
        """The tender was called off, or we withdrew."""
        self.happen(BidCancelled, at=at, result_on=day, cancelled_by=command.by, cancel_reason=command.reason)

    def require_sound(self, entry: Entry) -> None:
        """Our price is what its lines come to. Raises Refused 422 `amount_differs`."""
        if entry.type == "BidSubmitted" and total(entry.changes["lines"], None) is not None:
            stated_amount(entry.changes["lines"], entry.changes["amount"], pointer="/changes/amount")

    def allowed_actions(self, may: Collection[str]) -> tuple[str, ...]:
        """The commands that make sense now."""
        documents = {document.name for document in self.standing.get("documents", ())}
        missing = documents - {document.name for document in self.standing.get("documents_done", ())}
        found = super().allowed_actions(may)
        return tuple(action for action in found if action != "finish-document" or missing)


def _documents(given: Documents) -> tuple[RequiredDocument, ...]:
    """Raises Refused 422 `document_twice`."""
    names: set[str] = set()
    for index, document in enumerate(given):
        if document.name in names:
            pointer = f"/documents/{index}/name"
            raise Refused("document_twice", "a document is listed twice", status=422, pointer=pointer)
        names.add(document.name)
    return tuple(RequiredDocument(one.name, one.responsible, one.due_on) for one in given)


def _document_refusal(standing: Mapping[str, Any], done: Collection[DocumentDone]) -> Refused | None:
    """A document is done by its name, for as long as the list has it; a shorter list later undoes nothing."""
    names = {document.name for document in standing.get("documents", ())}
    for document in done:
        if document.name not in names:
            return Refused(
                "unknown_document",
                f"the tender asks for no document {document.name}",
                status=422,
                pointer="/name",
                name=document.name,
            )
    return None
