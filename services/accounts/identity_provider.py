"""What a tenant says when it trusts an identity provider: the command, checked. Pure: no I/O, no framework."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.accounts.commands import Command, System, like
from services.accounts.events import Function, IdentityProvider
from shared.event_store.stream import Refused
from shared.identity.jwks import fault_of

Address = Annotated[str, StringConstraints(min_length=8, max_length=500, pattern=r"^https?://[!-~]+$")]
Audience = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[!-~]+$")]
Claim = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[!-~]+$")]
Value = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S")]
Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"
]  # fmt: skip


class TrustProvider(Command):
    """Let the tenant's people sign in with tokens of this issuer, for this audience."""

    model_config = like(
        issuer="https://login.example.com/",
        audience="dakehu",
        person_claim="employee_number",
        person_reference="hr",
    )

    issuer: Address = Field(description="Exactly as in the tokens' `iss`. https in production.")
    audience: Audience = Field(description="What the tokens' `aud` must hold.")
    jwks_uri: Address | None = Field(default=None, description="Null: where the issuer's own configuration says.")
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1, max_length=11)] = ("RS256", "PS256", "ES256")
    person_claim: Claim = Field(default="sub", description="The claim that names the person.")
    person_reference: System | None = Field(
        default=None, description="It is their reference in this system (`external_refs`). Null: their id here."
    )
    functions_claim: Claim | None = Field(
        default=None, description="The claim that says functions. Null: those of the organisation hold."
    )
    functions: Annotated[
        dict[Value, Annotated[tuple[Function, ...], Field(min_length=1, max_length=len(Function))]],
        Field(max_length=200, description="{value of functions_claim: functions}"),
    ] = Field(default_factory=dict)
    scope_claim: Claim | None = Field(default=None, description="The claim that says scopes. Null: all.")
    tenant_claim: Claim | None = Field(
        default=None, description="When the issuer vouches for several companies: the claim that says for which."
    )
    tenant_value: Value | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.tenant_claim is None) != (self.tenant_value is None):
            raise PydanticCustomError("both_or_neither", "give tenant_claim and tenant_value, or neither")
        if (self.functions_claim is None) != (not self.functions):
            raise PydanticCustomError("both_or_neither", "give functions_claim and functions, or neither")
        return self

    def provider(self, *, https_only: bool) -> IdentityProvider:
        """What is recorded. Raises Refused 422 `bad_address`."""
        for field, address in (("issuer", self.issuer), ("jwks_uri", self.jwks_uri)):
            if address is not None and (fault := fault_of(address, https_only=https_only)) is not None:
                raise Refused("bad_address", fault, status=422, pointer=f"/{field}")
        return IdentityProvider(
            issuer=self.issuer,
            audience=self.audience,
            jwks_uri=self.jwks_uri,
            algorithms=tuple(dict.fromkeys(self.algorithms)),
            person_claim=self.person_claim,
            person_reference=self.person_reference,
            functions_claim=self.functions_claim,
            functions={value: tuple(dict.fromkeys(held)) for value, held in self.functions.items()},
            scope_claim=self.scope_claim,
            tenant_claim=self.tenant_claim,
            tenant_value=self.tenant_value,
        )
