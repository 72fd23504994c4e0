"""Facts about the organisation and its accounts: the storage format and public language of this service, for ever.

Nothing personal is in here. Names, phones, mail and what is written about persons are in the vault under their
`person_id`; a fact carries the id only. Each class says which standing fields it sets ("Sets: …"): those are the
`changes` that other services fold.

Business times are the fact's `timestamp`, so both edges of the organisation are valid in time by the times of the
facts that set them.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from shared.event_store.stream import Fact, FirstFact, FirstOrLaterFact

# -- words ----------------------------------------------------------------------------------------------


class UnitKind(StrEnum):
    """What an organisation unit is. Titles of its people are the tenant's own; this is not."""

    HEAD_OFFICE = "head_office"  # 总部
    REGION = "region"  # 大区
    BRANCH = "branch"  # 分支, 店
    DEPARTMENT = "department"  # 部门
    TEAM = "team"  # 组


class Function(StrEnum):
    """What a person does (fixed); what they are called (代表, 主管, 经理 …) is the tenant's own."""

    REPRESENTATIVE = "representative"  # 代表, 外勤
    ACCOUNT_MANAGER = "account_manager"  # 大客户经理
    DEPARTMENT_HEAD = "department_head"  # 主管, 部长
    BRANCH_MANAGER = "branch_manager"  # 分支经理
    REGIONAL_MANAGER = "regional_manager"  # 大区经理
    DIRECTOR = "director"  # 总监
    HEAD_OFFICE = "head_office"  # 总部管理
    BACK_OFFICE = "back_office"  # 内勤, 秘书
    TECHNICAL_SUPPORT = "technical_support"  # 技术支持
    PROJECT_MANAGER = "project_manager"  # 项目经理
    AFTER_SALES = "after_sales"  # 售后
    CUSTOMER_SERVICE = "customer_service"  # 客服部
    FINANCE = "finance"  # 财务
    HR = "hr"  # 人事与培训
    INTEGRATION = "integration"  # ERP, DMS, BI, 厂家系统
    AUDITOR = "auditor"  # 审计: sees everything, changes nothing
    OPERATIONS = "operations"  # 运维: may look through a person's eyes, on record
    TENANT_ADMIN = "tenant_admin"  # 租户管理员: organisation, sign-in, keys; no customer records


class TeamRole(StrEnum):
    """What a member of an account's support team is there for."""

    EXECUTION = "execution"  # 执行
    TECHNICAL_SUPPORT = "technical_support"  # 技术支持
    MARKET_SUPPORT = "market_support"  # 市场支持
    MAINTENANCE = "maintenance"  # 维护


class Relationship(StrEnum):
    """How far the account has come with us."""

    VENDOR = "vendor"  # 卖主
    PREFERRED_SUPPLIER = "preferred_supplier"  # 优先供应商
    PARTNER = "partner"  # 伙伴
    STRATEGIC_ALLIANCE = "strategic_alliance"  # 战略联盟


class Layer(StrEnum):
    """Where a key person stands in the account's decision."""

    FIGUREHEAD = "figurehead"  # 形象层: values, standing
    DECISION = "decision"  # 决策层: leaders' approval
    IMPLEMENTATION = "implementation"  # 实施层: get it done well
    USE = "use"  # 使用层: easy to use


class Influence(StrEnum):
    """How much a key person moves the decision."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Attitude(StrEnum):
    """How a key person feels about us."""

    OPPOSED = "opposed"
    SCEPTICAL = "sceptical"
    NEUTRAL = "neutral"
    SUPPORTIVE = "supportive"
    CHAMPION = "champion"


class LeavingReason(StrEnum):
    """Why a person works for us no more. Coded: free text about a person belongs in the vault."""

    RESIGNED = "resigned"
    DISMISSED = "dismissed"
    RETIRED = "retired"
    CONTRACT_ENDED = "contract_ended"
    OTHER = "other"


class RemovalReason(StrEnum):
    """Why a key person no longer matters to the account."""

    LEFT_ACCOUNT = "left_account"  # 离职
    CHANGED_POST = "changed_post"  # 调岗
    NOT_INVOLVED = "not_involved"  # 不再参与
    OTHER = "other"


class TeamMember(msgspec.Struct, frozen=True):
    """One person of an account's support team. A person may have several roles: one entry each."""

    person_id: UUID
    role: TeamRole


class IdentityProvider(msgspec.Struct, frozen=True):
    """Who may vouch for the people of a tenant, and how its tokens are read. Addresses and names; no secret."""

    issuer: str
    audience: str
    jwks_uri: str | None  # where its keys are; null: where the issuer's own configuration says
    algorithms: tuple[str, ...]
    person_claim: str
    person_reference: str | None  # the claim is a reference in this system; null: it is the person's id here
    functions_claim: str | None  # null: the functions are the organisation's
    functions: dict[str, tuple[Function, ...]]  # value of the claim → functions
    scope_claim: str | None  # null: all scopes
    tenant_claim: str | None  # with its value, when the issuer vouches for several tenants
    tenant_value: str | None


class MachineKey(msgspec.Struct, frozen=True):
    """One key of a machine. `opening` is how it begins; the rest nobody keeps."""

    opening: str
    issued_at: datetime
    expires_at: datetime
    revoked: bool = False


class KeyPerson(msgspec.Struct, frozen=True):
    """What is known about a key person's place in the account; who it is, is in the vault."""

    person_id: UUID
    layer: Layer
    post: str | None = None  # 职务, as given
    influence: Influence | None = None
    attitude: Attitude | None = None


# -- tenant: stream type `tenant`, stream_id = tenant_id --------------------------------------------------


class TenantOpened(FirstFact):
    """A company began to use the product. Sets: name, zone, currency."""

    name: str
    zone: str  # IANA name; days, windows and months are those of this zone
    currency: str  # ISO 4217, what amounts are in unless they say otherwise


class TenantSuspended(Fact):
    """The operator shut the company out: every request of its people and keys is refused. Sets: status=suspended."""

    reason: str  # the operator's words, nothing personal


class TenantResumed(Fact):
    """The operator let the company in again. Sets: status=open."""


class IdentityProviderTrusted(Fact):
    """The tenant's people may sign in with tokens of this issuer. Sets: `identity_provider.<provider_id>`."""

    provider_id: UUID
    provider: IdentityProvider


class IdentityProviderDistrusted(Fact):
    """Tokens of this issuer are good for nothing any more. Sets: `identity_provider.<provider_id>` (= null)."""

    provider_id: UUID


# -- API client: stream type `api_key`: a machine, what it may do, and its keys ---------------------------


class ApiKeyIssued(FirstFact):
    """A machine got its first key. Sets: name, functions, unit_id, scopes, `key.1`."""

    name: str  # of the machine or system: ERP, BI
    functions: tuple[Function, ...]
    unit_id: UUID | None
    scopes: tuple[str, ...]
    opening: str
    expires_at: datetime


class ApiKeyRotated(Fact):
    """The machine got another key; the one before is good until it is revoked or over. Sets: `key.<number>`."""

    number: int
    opening: str
    expires_at: datetime


class ApiKeyRevoked(Fact):
    """These keys open nothing any more. Sets: `key.<number>` of each."""

    numbers: tuple[int, ...]


# -- unit: stream type `unit` -----------------------------------------------------------------------------


class UnitOpened(FirstFact):
    """An organisation unit exists. Sets: code, name, kind, parent_id, status=open."""

    code: str  # unique in the tenant
    name: str
    kind: UnitKind
    parent_id: UUID | None  # None only for the root


class UnitMoved(Fact):
    """The unit stands under another one. Sets: parent_id."""

    parent_id: UUID


class UnitClosed(Fact):
    """The unit exists no more; it had no open units below it and nobody at it. Sets: status=closed."""

    reason: str | None


# -- person: stream type `person` (staff); the name is in the vault ---------------------------------------


class PersonJoined(FirstFact):
    """A person works for us. `unit_id` is the place of work and, until told otherwise, the unit reported to.

    Sets: functions, unit_id, reports_to_unit_id (= unit_id), reports_to_person_id (= null), external_refs,
    status=active.
    """

    functions: tuple[Function, ...]
    unit_id: UUID
    external_refs: dict[str, str]  # {system: reference there}, each unique in the tenant


class PersonReportsTo(Fact):
    """The reporting line 汇报线: a unit's head, or a person. Only this edge approves.

    Exactly one of the two is given. Sets: reports_to_unit_id, reports_to_person_id.
    """

    reports_to_unit_id: UUID | None
    reports_to_person_id: UUID | None


class PersonPostedTo(Fact):
    """The place of work 派驻: who supervises day to day. Sets: unit_id."""

    unit_id: UUID


class FunctionsChanged(Fact):
    """What the person does changed. Sets: functions."""

    functions: tuple[Function, ...]


DEPUTY_FIELD = "deputy."
"""Standing fields of deputies are named `deputy.<person id>`, so that a late fact about one touches no other."""


class Deputy(msgspec.Struct, frozen=True):
    """From when until when somebody stands in, both days inclusive, in the tenant's zone."""

    since: date
    until: date


class DeputyAppointed(Fact):
    """Somebody sees and approves as the person does, from `since` to `until`. Sets: deputy.<deputy_id>.

    The standing as published carries them together as `deputies`: {deputy id: {since, until}}.
    """

    deputy_id: UUID
    since: date
    until: date


class DeputyDismissed(Fact):
    """Somebody stands in for the person no more. Sets: deputy.<deputy_id> (= null)."""

    deputy_id: UUID


class PersonalDataChanged(Fact):
    """The vault was told something new of the person: of which `fields`, never what. Sets nothing."""

    fields: tuple[str, ...]


class PersonLeft(Fact):
    """The person works for us no more; their customers stay the company's. Sets: status=left."""

    reason: LeavingReason | None


# -- account: stream type `account` -----------------------------------------------------------------------


class AccountOpened(FirstFact):
    """A customer organisation is on file. Sets every field below, under its own name."""

    name: str  # as given; compared in NFC
    kinds: tuple[str, ...]  # the tenant's own: industry, regional, national, channel …
    sector: str | None  # 行业
    credit_code: str | None  # 统一社会信用代码, unique in the tenant
    owner_id: UUID | None  # the one responsible person; None only for imported accounts
    unit_id: UUID | None  # the unit it belongs to
    parent_id: UUID | None  # the account above: group → subsidiary → site
    external_refs: dict[str, str]  # {system: reference there}, each unique in the tenant
    channel: str | None = None  # how it came to us
    grade: str | None = None  # value A/B/C by the tenant's rule
    relationship: Relationship | None = None
    region: str | None = None  # province, state, country: where its office is
    city: str | None = None
    address: str | None = None  # of the organisation
    website: str | None = None
    founded_year: int | None = None
    employees: int | None = None
    revenue: Decimal | None = None  # a year, in `revenue_currency`
    revenue_currency: str | None = None
    fleet_units: int | None = None  # vehicles or machines it runs, any maker
    credit_standing: str | None = None  # 资信
    strategy: str | None = None
    business_situation: str | None = None
    bottlenecks: str | None = None
    buying_history: str | None = None
    bargaining_power: str | None = None
    focus: str | None = None
    habits: str | None = None
    needs: str | None = None  # products and services


class AccountChanged(Fact):
    """Parts of the file are otherwise from now on.

    `attributes` holds only what changed, by the field names of `AccountOpened` (not owner, unit: those have facts of
    their own), in JSON form; null empties a field. Sets: exactly those.
    """

    attributes: dict[str, Any]


class AccountOwnerChanged(Fact):
    """Another person is responsible. Work done stays credited to who was responsible then. Sets: owner_id, unit_id."""

    owner_id: UUID
    unit_id: UUID
    reason: str | None


class SupportTeamChanged(Fact):
    """The whole support team from now on. Sets: support_team."""

    support_team: tuple[TeamMember, ...]


class KeyPersonAdded(Fact):
    """A person at the customer matters. Sets: `key_person.<person_id>` = the key person."""

    person_id: UUID
    layer: Layer
    post: str | None
    influence: Influence | None
    attitude: Attitude | None


class KeyPersonChanged(Fact):
    """All we now know about a key person's place. Sets: `key_person.<person_id>` = the key person."""

    person_id: UUID
    layer: Layer
    post: str | None
    influence: Influence | None
    attitude: Attitude | None
    personal: tuple[str, ...] = ()  # which fields of the vault changed, never what they say


class KeyPersonRemoved(Fact):
    """The person no longer matters here, or left. Sets: `key_person.<person_id>` = null."""

    person_id: UUID
    reason: RemovalReason | None


# -- personal data: stream types `data_subject` and `erasure`, ids from `data_subject_id` and `erasure_id` ------
# The subject is a member of staff, a key person or a contact. Ids, codes and names of fields; never what they say.


class ErasureReason(StrEnum):
    """Why personal data were erased (PIPL art. 47). Coded: free text about a person belongs nowhere."""

    REQUEST = "request"  # the person asked for it
    CONSENT_WITHDRAWN = "consent_withdrawn"
    PURPOSE_FULFILLED = "purpose_fulfilled"
    RETENTION_OVER = "retention_over"
    UNLAWFUL = "unlawful"
    OTHER = "other"


class RestrictionGround(StrEnum):
    """Why personal data are kept but not used."""

    CONTESTED = "contested"  # whether they are right is being looked into
    OBJECTION = "objection"
    LEGAL_HOLD = "legal_hold"  # a law or a claim forbids erasing them
    BEFORE_ERASURE = "before_erasure"
    OTHER = "other"


class PersonalDataCorrected(FirstOrLaterFact):
    """What the vault says of a person was corrected: these fields of it. Sets: subject_id, kind."""

    subject_id: UUID
    kind: str  # staff, key_person, contact
    fields: tuple[str, ...]


class ProcessingRestricted(FirstOrLaterFact):
    """Personal data are kept, neither shown nor changed until this is lifted. Sets: subject_id, kind, restricted."""

    subject_id: UUID
    kind: str
    ground: RestrictionGround


class RestrictionLifted(FirstOrLaterFact):
    """The data may be used again. Sets: subject_id, kind, restricted (= false)."""

    subject_id: UUID
    kind: str


class PersonErased(FirstFact):
    """The receipt of an erasure: key and data of the person are destroyed for good. Sets: subject_id, kind, reason."""

    subject_id: UUID
    kind: str
    reason: ErasureReason


KEY_PERSON_FIELD = "key_person."
"""Prefix of the standing fields that hold key persons, one field each, so that late facts about one never touch
another."""

TenantFact = TenantOpened | TenantSuspended | TenantResumed | IdentityProviderTrusted | IdentityProviderDistrusted
ApiKeyFact = ApiKeyIssued | ApiKeyRotated | ApiKeyRevoked
UnitFact = UnitOpened | UnitMoved | UnitClosed
PersonFact = (
    PersonJoined
    | PersonReportsTo
    | PersonPostedTo
    | FunctionsChanged
    | DeputyAppointed
    | DeputyDismissed
    | PersonalDataChanged
    | PersonLeft
)
DataSubjectFact = PersonalDataCorrected | ProcessingRestricted | RestrictionLifted
ErasureFact = PersonErased
AccountFact = (
    AccountOpened
    | AccountChanged
    | AccountOwnerChanged
    | SupportTeamChanged
    | KeyPersonAdded
    | KeyPersonChanged
    | KeyPersonRemoved
)

__all__ = [
    "DEPUTY_FIELD",
    "KEY_PERSON_FIELD",
    "AccountChanged",
    "AccountFact",
    "AccountOpened",
    "AccountOwnerChanged",
    "ApiKeyFact",
    "ApiKeyIssued",
    "ApiKeyRevoked",
    "ApiKeyRotated",
    "Attitude",
    "DataSubjectFact",
    "Deputy",
    "DeputyAppointed",
    "DeputyDismissed",
    "ErasureFact",
    "ErasureReason",
    "Function",
    "FunctionsChanged",
    "IdentityProvider",
    "IdentityProviderDistrusted",
    "IdentityProviderTrusted",
    "Influence",
    "KeyPerson",
    "KeyPersonAdded",
    "KeyPersonChanged",
    "KeyPersonRemoved",
    "Layer",
    "LeavingReason",
    "MachineKey",
    "PersonErased",
    "PersonFact",
    "PersonJoined",
    "PersonLeft",
    "PersonPostedTo",
    "PersonReportsTo",
    "PersonalDataChanged",
    "PersonalDataCorrected",
    "ProcessingRestricted",
    "Relationship",
    "RemovalReason",
    "RestrictionGround",
    "RestrictionLifted",
    "SupportTeamChanged",
    "TeamMember",
    "TeamRole",
    "TenantFact",
    "TenantOpened",
    "TenantResumed",
    "TenantSuspended",
    "UnitClosed",
    "UnitFact",
    "UnitKind",
    "UnitMoved",
    "UnitOpened",
]
