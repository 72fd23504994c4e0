"""The principals of the matrix, and the named patterns of what each may expect. Holds no request.

A record of the matrix is owned by `b00.a` in branch b00 and was handed over by `former`. An expectation is one of:

    done     carried out (the row says by which statuses)
    refused  403: the record is seen, or there is none, and the right is missing
    hidden   403 or 404, the same in status and code as for an id nobody has
    no such  422, the same as for an id nobody has: the body names something out of sight
    outside  403 or 422 outside_your_units: the record would be out of sight
    scope    403 scope_missing
    unknown  401 with WWW-Authenticate
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from shared.identity.scopes import ALL, RESOURCES, USUAL
from tests.authorisation.world import Caller, World

READ_SCOPES = tuple(f"{name}:read" for name in RESOURCES)

OWNER = "owner"
OTHER_TENANT = "other tenant"
SIBLING = "sibling branch"
REGION = "parent region"
TEAM = "child team"
POSTED = "posted to the branch"
PLACE = "head by place of work"
LINE = "head by another line"
FORMER = "former owner"
DEPUTY = "deputy"
DIRECTOR = "director"
AUDITOR = "auditor"
TENANT_ADMIN = "tenant administrator"
OPERATIONS = "operations"
NO_PERSONAL = "no personal data"
READ_ONLY = "scope to read only"
NO_SCOPE = "no scope"
EXPIRED = "expired"
NOBODY = "no credential"

PRINCIPALS = (
    OWNER, OTHER_TENANT, SIBLING, REGION, TEAM, POSTED, PLACE, LINE, FORMER, DEPUTY, DIRECTOR, AUDITOR, TENANT_ADMIN,
    OPERATIONS, NO_PERSONAL, READ_ONLY, NO_SCOPE, EXPIRED, NOBODY,
)  # fmt: skip

SEEN_BY = frozenset((OWNER, REGION, PLACE, DEPUTY, DIRECTOR, NO_PERSONAL))
"""Who sees the matrix's records, beside those who only look."""
LOOKING = frozenset((AUDITOR, READ_ONLY))
PEOPLE = frozenset(PRINCIPALS) - {NO_SCOPE, EXPIRED, NOBODY}
COMPANY = PEOPLE - {OTHER_TENANT}


def callers(world: World) -> Mapping[str, Caller]:
    """Who speaks for each principal."""
    return {
        OWNER: world.caller("b00.a"),
        OTHER_TENANT: world.caller("director", tenant=1),
        SIBLING: world.caller("b01.manager"),
        REGION: world.caller("r0.manager"),
        TEAM: world.caller("t00.head"),
        POSTED: world.caller("ka.rep"),
        PLACE: world.caller("b00.manager"),
        LINE: world.caller("ka.head"),
        FORMER: world.caller("former"),
        DEPUTY: world.caller("deputy"),
        DIRECTOR: world.caller("director"),
        AUDITOR: world.caller("auditor"),
        TENANT_ADMIN: world.caller("tenant_admin"),
        OPERATIONS: world.caller("operations"),
        NO_PERSONAL: world.caller("director", scopes=(ALL,), name=NO_PERSONAL),
        READ_ONLY: world.caller("director", scopes=READ_SCOPES, name=READ_ONLY),
        NO_SCOPE: world.caller("b00.a", scopes=(), name=NO_SCOPE),
        EXPIRED: world.caller("b00.a", scopes=USUAL, lifetime=-1, name=EXPIRED),
        NOBODY: Caller(NOBODY, {"accept-language": "en"}),
    }


Pattern = Mapping[str, str]


def looking(done: Collection[str], *, others: str = "hidden") -> Pattern:
    """A read: these get it, for all others there is nothing."""
    found = dict.fromkeys(PEOPLE, others) | dict.fromkeys(done, "done")
    return {**found, NO_SCOPE: "scope", EXPIRED: "unknown", NOBODY: "unknown"}


def acting(done: Collection[str], refused: Collection[str] = (), *, others: str = "hidden") -> Pattern:
    """A command: these carry it out, these see the record and may not, for all others there is nothing."""
    found = dict.fromkeys(PEOPLE, others) | dict.fromkeys(refused, "refused") | dict.fromkeys(done, "done")
    fixed = {AUDITOR: "refused", READ_ONLY: "scope", NO_SCOPE: "scope", EXPIRED: "unknown", NOBODY: "unknown"}
    return {**found, **fixed}


OPEN: Pattern = dict.fromkeys(PRINCIPALS, "done")
"""Answered without a credential."""
ANY_CREDENTIAL: Pattern = {**dict.fromkeys(PRINCIPALS, "done"), EXPIRED: "unknown", NOBODY: "unknown"}
"""Who the bearer is: whatever the scopes."""
OWN_COMPANY = looking(PEOPLE)
"""Everybody of a company, each their own part or what all of it may see (lists, figures, the organisation)."""
RECORD_READ = looking(SEEN_BY | LOOKING)
"""One record of customers: who sees it reads it."""
RECORD_CHANGE = acting(SEEN_BY)
"""A command on a record: who sees it may."""
APPROVAL = acting({REGION, PLACE, DIRECTOR, NO_PERSONAL}, {OWNER, DEPUTY})
"""What needs an approving function in the owner's reporting line."""
HAND_OVER = acting({REGION, PLACE, DIRECTOR, NO_PERSONAL}, {OWNER, DEPUTY})
"""Making another person responsible: heads."""
WHOLE = looking({DIRECTOR, NO_PERSONAL, READ_ONLY, AUDITOR, OTHER_TENANT}, others="refused")
"""What is of the company as a whole: who sees everything, each of their own company."""
AUDIT = looking({DIRECTOR, NO_PERSONAL, READ_ONLY, AUDITOR, OTHER_TENANT, TENANT_ADMIN, OPERATIONS}, others="refused")


def reserved(done: Collection[str], *, elsewhere: str = "hidden") -> Pattern:
    """A command for some functions, whatever the record; all others of the company are refused, seen or not."""
    return {**acting(done, COMPANY - set(done)), OTHER_TENANT: elsewhere}


ORGANISES = frozenset((DIRECTOR, NO_PERSONAL, OPERATIONS, TENANT_ADMIN))
ORGANISING = reserved(ORGANISES)
"""Units and people: head office, personnel, tenant administrators, operations."""
FOUNDING = reserved(ORGANISES | {OTHER_TENANT}, elsewhere="done")
"""New units and people, each company its own."""
PUBLISHING = reserved({DIRECTOR, NO_PERSONAL, OPERATIONS, OTHER_TENANT}, elsewhere="done")
"""Rules of a company: each director publishes their own."""
