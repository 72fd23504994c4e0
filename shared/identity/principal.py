"""Who is asking: one tenant, one person, the functions they hold and where. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.identity.scopes import covers

REPRESENTATIVE = "representative"
ACCOUNT_MANAGER = "account_manager"
DEPARTMENT_HEAD = "department_head"
BRANCH_MANAGER = "branch_manager"
REGIONAL_MANAGER = "regional_manager"
DIRECTOR = "director"
HEAD_OFFICE = "head_office"
BACK_OFFICE = "back_office"
TECHNICAL_SUPPORT = "technical_support"
PROJECT_MANAGER = "project_manager"
AFTER_SALES = "after_sales"
CUSTOMER_SERVICE = "customer_service"
FINANCE = "finance"
HR = "hr"
INTEGRATION = "integration"
AUDITOR = "auditor"
OPERATIONS = "operations"
TENANT_ADMIN = "tenant_admin"

FUNCTIONS = frozenset(
    (
        REPRESENTATIVE,
        ACCOUNT_MANAGER,
        DEPARTMENT_HEAD,
        BRANCH_MANAGER,
        REGIONAL_MANAGER,
        DIRECTOR,
        HEAD_OFFICE,
        BACK_OFFICE,
        TECHNICAL_SUPPORT,
        PROJECT_MANAGER,
        AFTER_SALES,
        CUSTOMER_SERVICE,
        FINANCE,
        HR,
        INTEGRATION,
        AUDITOR,
        OPERATIONS,
        TENANT_ADMIN,
    )
)
"""Functions are fixed; titles are tenant data."""

SEES_EVERYTHING = frozenset((DIRECTOR, HEAD_OFFICE, INTEGRATION, AUDITOR))
"""See every record of the tenant, and the feed of its events."""

SEES_SUBTREE = frozenset(
    (
        DEPARTMENT_HEAD,
        BRANCH_MANAGER,
        REGIONAL_MANAGER,
        BACK_OFFICE,
        TECHNICAL_SUPPORT,
        PROJECT_MANAGER,
        AFTER_SALES,
        CUSTOMER_SERVICE,
        FINANCE,
        HR,
        ACCOUNT_MANAGER,
    )
)
"""See the records of their unit and the units below it."""

WITHOUT_CUSTOMERS = frozenset((AUDITOR, OPERATIONS, TENANT_ADMIN, HR))
"""Look after the company or the installation, and have no customers of their own."""

ENTERS_FOR_OTHERS = frozenset((BACK_OFFICE, DEPARTMENT_HEAD, DIRECTOR, HEAD_OFFICE, INTEGRATION))
"""May send `On-Behalf-Of`."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The person or system behind one request.

    `zone` is the tenant's: days, weeks and months are in it. `on_behalf_of` is the person the back office enters for;
    rules judge the principal, facts are of the other. `expires` is the token's end, in epoch seconds. `machine`: an API
    key. `viewer_id` is the operator who looks through this person's eyes and may change nothing.
    """

    tenant_id: UUID
    person_id: UUID
    functions: frozenset[str]
    unit_id: UUID | None
    scopes: frozenset[str]
    zone: ZoneInfo
    on_behalf_of: UUID | None = None
    expires: float = 0.0
    machine: bool = False
    viewer_id: UUID | None = None

    @property
    def acting_for(self) -> UUID:
        """Whose doing it is: the person entered for, else the principal."""
        return self.on_behalf_of or self.person_id

    @property
    def sees_everything(self) -> bool:
        return not self.functions.isdisjoint(SEES_EVERYTHING)

    @property
    def only_looks(self) -> bool:
        """Whether they change nothing: an auditor, whatever else they do, and who has no function at all."""
        return not self.functions or AUDITOR in self.functions

    @property
    def keeps_no_customers(self) -> bool:
        """Whether nothing they do is with customers: they put nobody on file and visit nobody."""
        return self.functions <= WITHOUT_CUSTOMERS

    def has(self, *functions: str) -> bool:
        """Whether the principal holds any of these functions."""
        return not self.functions.isdisjoint(functions)

    def may(self, scope: str) -> bool:
        """Whether the credential is good for this (`accounts:read`). What functions allow comes on top."""
        return covers(self.scopes, scope)
