"""Facts about rules a tenant publishes: storage format and public language, for ever. See the service's `events.py`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec

from shared.event_store.stream import FirstOrLaterFact

# -- values ------------------------------------------------------------------------------------------------


class LevelRule(msgspec.Struct, frozen=True):
    """One level of a policy. `window_days`: ordered within so many days (inclusive), null = beyond or no date known.

    `follow_up_days`: a contact at least every so many days. `win_rate`: probability of an order, 0–1.
    """

    code: str
    window_days: int | None
    follow_up_days: int
    win_rate: Decimal


class ReasonLeaf(msgspec.Struct, frozen=True):
    """One reason for a defeat; `code` is `category.leaf`."""

    code: str
    zh: str
    en: str


class ReasonCategory(msgspec.Struct, frozen=True):
    """A category of reasons. `clear` false: the reason is not known (so that 战败明确率 means something)."""

    code: str
    zh: str
    en: str
    reasons: tuple[ReasonLeaf, ...]
    clear: bool = True
    training_need: bool = False


# -- facts -------------------------------------------------------------------------------------------------


class LevelPolicyPublished(FirstOrLaterFact):
    """A version of a level policy, in force from a day on. The latest published with `default` is the tenant's own.

    sets: policies (additive: this one)
    """

    code: str
    zh: str
    en: str
    effective_from: date
    default: bool
    ordered_follow_up_days: int  # O
    new_follow_up_days: int  # N
    new_win_rate: Decimal
    levels: tuple[LevelRule, ...]  # nearest order first


class ReasonCataloguePublished(FirstOrLaterFact):
    """A version of the reason catalogue, in force from a day on. sets: catalogues (additive: this one)"""

    effective_from: date
    categories: tuple[ReasonCategory, ...]


class ApprovalPolicyPublished(FirstOrLaterFact):
    """Who must approve, and when the same prospect on file is a duplicate. sets: policies (additive: this one)"""

    effective_from: date
    approve_defeat: str  # manual, automatic
    approve_freeze: str  # manual, automatic
    duplicate_days: int
    verify_defeat: str = "off"  # off, before_approval: customer service calls back first
    lost_contact_days: int = 60  # lost contact longer than this is proposed as a defeat
    recall_days: int = 90  # proposed for freezing what is not known to have been bought elsewhere
