"""Why prospects are lost: the catalogue in force, and the stream of a tenant's published ones. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID, uuid5

import msgspec
from pydantic import ConfigDict, Field

from services.opportunities.events import ReasonCataloguePublished, ReasonCategory, ReasonLeaf
from services.opportunities.fields import Code, Command, Day, Title
from services.opportunities.policies.catalogues import reasons
from shared.event_store.stream import Refused, Stream
from shared.records.of_day import of_day


class ReasonCatalogue(msgspec.Struct, frozen=True):
    """The reasons in force from a day on. A leaf's code is `category.leaf`."""

    effective_from: date
    categories: tuple[ReasonCategory, ...]

    def category_of(self, reason: str, pointer: str) -> str:
        """The category of a leaf. Raises Refused `unknown_reason` (422)."""
        for category in self.categories:
            if any(leaf.code == reason for leaf in category.reasons):
                return category.code
        raise Refused(
            "unknown_reason", f"{reason} is not in the reason catalogue", status=422, pointer=pointer, reason=reason
        )

    def leaf(self, reason: str) -> ReasonLeaf | None:
        """A reason by its code."""
        return next((leaf for category in self.categories for leaf in category.reasons if leaf.code == reason), None)


SHIPPED = ReasonCatalogue(date(2000, 1, 1), reasons.SHIPPED)


class ReasonGiven(Command):
    """One reason; `code` is `category.leaf`."""

    code: Code
    zh: Title
    en: Title


class CategoryGiven(Command):
    """A category with its reasons."""

    code: Code
    zh: Title
    en: Title
    reasons: Annotated[tuple[ReasonGiven, ...], Field(min_length=1, max_length=100)]
    clear: bool = True
    training_need: bool = False


class PublishReasonCatalogue(Command):
    """Publish a reason catalogue, in force from a day on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "effective_from": "2030-01-01",
                    "categories": [
                        {
                            "code": "price",
                            "zh": "价格",
                            "en": "price",
                            "reasons": [{"code": "price.too_high", "zh": "价格过高", "en": "too expensive"}],
                        }
                    ],
                }
            ]
        }
    )

    effective_from: Day
    categories: Annotated[tuple[CategoryGiven, ...], Field(min_length=1, max_length=50)]


class ReasonCatalogues(Stream):
    """All reason catalogues a tenant has published; one stream per tenant."""

    stream_type: ClassVar[str] = "reason_catalogue"
    standing_types: ClassVar[Mapping[str, Any]] = {"catalogues": tuple[ReasonCatalogue, ...]}
    additive: ClassVar[frozenset[str]] = frozenset({"catalogues"})

    def when(self, fact: Any) -> None:
        """Apply one fact. Never refuses: it already happened."""
        match fact:
            case ReasonCataloguePublished():
                self.set(fact, catalogues=(ReasonCatalogue(fact.effective_from, fact.categories),))
            case _:
                self.unknown(fact)

    @classmethod
    def published(
        cls, catalogues: ReasonCatalogues | None, command: PublishReasonCatalogue, *, tenant_id: UUID, at: datetime
    ) -> ReasonCatalogues:
        """The stream with this catalogue published in it. Says nothing when it is already so."""
        categories = _categories(command)
        if catalogues is None:
            return cls.begin(
                ReasonCataloguePublished,
                id=catalogues_id(tenant_id),
                at=at,
                effective_from=command.effective_from,
                categories=categories,
            )
        if in_force(catalogues, command.effective_from) != ReasonCatalogue(command.effective_from, categories):
            catalogues.record(
                ReasonCataloguePublished, at=at, effective_from=command.effective_from, categories=categories
            )
        return catalogues


def catalogues_id(tenant_id: UUID) -> UUID:
    """The stream of a tenant's reason catalogues."""
    return uuid5(tenant_id, "reason_catalogue")


def all_catalogues(published: ReasonCatalogues | None) -> tuple[ReasonCatalogue, ...]:
    """The shipped catalogue and the tenant's, in the order published."""
    return (SHIPPED, *(published.standing.get("catalogues", ()) if published is not None else ()))


def in_force(published: ReasonCatalogues | None, day: date) -> ReasonCatalogue:
    """The catalogue of a day: the latest effective from then or before; of one day the latest published."""
    return of_day(all_catalogues(published), day)


def _categories(command: PublishReasonCatalogue) -> tuple[ReasonCategory, ...]:
    seen: set[str] = set()
    categories = []
    for at, category in enumerate(command.categories):
        leaves = []
        for number, reason in enumerate(category.reasons):
            pointer = f"/categories/{at}/reasons/{number}/code"
            if not reason.code.startswith(f"{category.code}."):
                raise Refused(
                    "reason_outside_category",
                    f"the code of a reason begins with its category: {category.code}.",
                    status=422,
                    pointer=pointer,
                    category=category.code,
                )
            if reason.code in seen:
                raise Refused(
                    "duplicate_code",
                    f"{reason.code} is given twice",
                    status=422,
                    pointer=pointer,
                    duplicate=reason.code,
                )
            seen.add(reason.code)
            leaves.append(ReasonLeaf(reason.code, reason.zh, reason.en))
        if category.code in seen:
            raise Refused(
                "duplicate_code",
                f"{category.code} is given twice",
                status=422,
                pointer=f"/categories/{at}/code",
                duplicate=category.code,
            )
        seen.add(category.code)
        categories.append(
            ReasonCategory(
                category.code,
                category.zh,
                category.en,
                tuple(leaves),
                clear=category.clear,
                training_need=category.training_need,
            )
        )
    return tuple(categories)
