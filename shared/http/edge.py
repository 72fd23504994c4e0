"""The edge of a service: one ASGI layer around everything. Authentication, then size, then the body, then routing.

It also answers every exception as a problem, adds the headers every answer carries, and counts. Pure ASGI: it neither
starts tasks nor copies contexts, and a body it has read is given on once.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http.answer_headers import AnswerHeaders
from shared.http.body import check_json
from shared.http.bounds import check_head
from shared.http.call import SCOPE_KEY, Call
from shared.http.errors import RETRY_AFTER, problem_of
from shared.http.problem import Problem
from shared.identity.current_tenant import current_tenant
from shared.identity.lookups import staff
from shared.identity.principal import ENTERS_FOR_OTHERS, Principal
from shared.identity.scopes import PERSONAL, needed
from shared.privacy.disclosure import Disclosure, disclosure
from shared.telemetry import DENIALS, REQUESTS, logger

if TYPE_CHECKING:
    from shared.http.kit import Kit

log = logger("http")

OPEN = frozenset(
    (
        *("/livez", "/readyz", "/startupz", "/metrics"),
        *("/docs", "/redoc", "/docs/oauth2-redirect", "/openapi.json", "/v1/asyncapi.json"),
        "/.well-known/webhook-keys",
    )
)
OPEN_PREFIXES = ("/problems/", "/docs/assets/", "/v1/schemas/")
WITH_BODY = frozenset(("POST", "PUT", "PATCH", "DELETE"))


class Edge:
    """The outermost layer of a service."""

    def __init__(self, app: ASGIApp, *, kit: Kit) -> None:
        self.app = app
        self.kit = kit
        self.headers = AnswerHeaders(kit.settings)
        self._observed: dict[tuple[str, str, int], Any] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        call = Call(scope, self.kit)
        scope[SCOPE_KEY] = call
        local = _local_path(scope)
        disclosed = Disclosure()
        token = disclosure.set(disclosed)

        async def answer(message: Message) -> None:
            if call.exported and message["type"] == "http.response.start":
                await self.kit.quotas.charge(call, message["status"])
            if disclosed.pending and (call.status or message["status"]) < 400:  # a problem shows none of it
                await self._write_down(call, disclosed)
            if message["type"] == "http.response.start":
                call.status = message["status"]
                message["headers"] = self.headers.complete(call, local, message["headers"])
            await send(message)

        asking = current_tenant.set(None)  # the database shows nothing until it is known for whom
        try:
            check_head(call)
            if self.headers.cors and self.headers.cors.is_preflight(call):
                await answer({"type": "http.response.start", "status": 204, "headers": []})
                await answer({"type": "http.response.body"})
                return
            if not is_open(local):
                principal = self._known(call) or await self.kit.limits.trying(call, self._authenticate)
                if not self.kit.tenants.open(principal.tenant_id):
                    await self.kit.check_standing(principal.tenant_id)
                call.principal = principal
                current_tenant.set(principal.tenant_id)
                disclosed.allowed = principal.may(PERSONAL)
                self.kit.limits.admit(call, principal)
                self._require_scope(call, principal, local)
                if principal.on_behalf_of is not None:
                    await self._require_enters_for(principal, principal.on_behalf_of)
            if call.repeated is not None:
                raise Problem(400, "duplicate_header", params={"header": call.repeated.decode("latin-1")})
            if not call.path.isprintable():  # a line end too, which the router's patterns let pass
                raise Problem(404, "not_found")
            methods = self.kit.hot.literal.get(local)
            if methods is not None and scope["method"] not in methods:
                raise Problem(405, "method_not_allowed", headers={"Allow": ", ".join(sorted(methods))})
            if scope["method"] in WITH_BODY:
                receive = await self._body(call, receive)
                if (found := self.kit.hot.find(local, scope)) is not None:
                    await found(scope, receive, answer)
                    return
            await self.app(scope, receive, answer)
        except ClientDisconnect:
            call.status = 499
        except Exception as error:
            if call.status:
                log.error("answer cut short", trace_id=call.trace.trace_id, exc_info=error)
                raise
            await self.kit.answer(call, self.problem(error, call), answer)
        finally:
            disclosure.reset(token)
            current_tenant.reset(asking)
            self._observe(call, time.perf_counter() - started)

    async def _write_down(self, call: Call, disclosed: Disclosure) -> None:
        """Record what this answer shows of customers' persons; what cannot be recorded is not sent (503)."""
        try:
            await disclosed.write(
                self.kit.pool, call.who, route=f"{call.scope['method']} {_route(call.scope)}", trace=call.trace.trace_id
            )
        except Exception as error:
            log.error("read audit failed", trace_id=call.trace.trace_id, error=type(error).__name__)
            raise Problem(503, "audit_unavailable", headers=RETRY_AFTER) from error

    def problem(self, error: Exception, call: Call) -> Problem:
        """What this exception is answered with; defects are logged."""
        found = problem_of(error)
        if found is None:
            log.error("defect", trace_id=call.trace.trace_id, route=_route(call.scope), exc_info=error)
            return Problem(500, "internal")
        if found.code == "database_unavailable":
            log.warning("database unavailable", trace_id=call.trace.trace_id, error=type(error).__name__)
        return found

    # -- who -----------------------------------------------------------------------------------------

    def _known(self, call: Call) -> Principal | None:
        """The principal of a token already seen, the usual case; None to go the long way."""
        given = call.given.get(b"authorization")
        if given is None or b"on-behalf-of" in call.given or b"view-as" in call.given:
            return None
        return self.kit.sign_in.known(given)

    async def _authenticate(self, call: Call) -> Principal:
        """The long way: who the credential is of, and for or as whom. Raises Problem."""
        sign_in = self.kit.sign_in
        given = call.given.get(b"authorization")
        if given is None:
            DENIALS.labels(self.kit.service, "unauthenticated").inc()
            raise Problem(401, "unauthenticated", headers={"WWW-Authenticate": 'Bearer realm="dakehu"'})
        principal = sign_in.known(given) or await sign_in.principal(given)
        if b"view-as" in call.given:
            if not self.kit.tenants.open(principal.tenant_id):
                await self.kit.check_standing(principal.tenant_id)
            return await sign_in.viewing(call, principal)
        behalf = self._on_behalf_of(call)
        return principal if behalf is None else replace(principal, on_behalf_of=behalf)

    def _require_scope(self, call: Call, principal: Principal, local: str) -> None:
        """Refuse (403) what the credential is not good for, whatever the functions of its bearer."""
        scope = needed(call.scope["method"], local)
        if scope is not None and not principal.may(scope):
            DENIALS.labels(self.kit.service, "scope_missing").inc()
            challenge = f'Bearer realm="dakehu", error="insufficient_scope", scope="{scope}"'
            raise Problem(
                403,
                "scope_missing",
                params={"scope": scope},
                extra={"scope": scope},
                headers={"WWW-Authenticate": challenge},
            )

    def _on_behalf_of(self, call: Call) -> UUID | None:
        given = call.header(b"on-behalf-of")
        if given is None:
            return None
        try:
            return UUID(given.strip())
        except ValueError:
            raise Problem(400, "malformed_header", params={"header": "On-Behalf-Of"}) from None

    async def _require_enters_for(self, principal: Principal, person_id: UUID) -> None:
        """Refuse (403) to enter for somebody out of sight or not working here; a deputy enters for whom they stand in.

        Unknown and invisible are told alike.
        """
        kit = self.kit
        sight = await kit.sight(principal)
        sees = principal.has(*ENTERS_FOR_OTHERS) and (kit.organisation is None or sight.sees_person(person_id))
        if sees or person_id in sight.stands_in_for:
            person = None if kit.organisation is None else await staff(kit.pool, principal.tenant_id, person_id)
            if kit.organisation is None or (person is not None and person.active):
                return
        DENIALS.labels(kit.service, "on_behalf_of").inc()
        raise Problem(403, "on_behalf_of_not_allowed")

    # -- body ----------------------------------------------------------------------------------------

    async def _body(self, call: Call, receive: Receive) -> Receive:
        """Read a body within its limit; uploads are passed on as they come, but counted."""
        kit = self.kit
        content_type = (call.header(b"content-type") or "").partition(";")[0].strip().lower()
        if call.given.get(b"content-encoding", b"identity").lower() not in (b"identity", b""):
            raise Problem(
                415,
                "unsupported_media_type",
                params={"expected": "application/json"},
                headers={"Accept-Encoding": "identity"},
            )
        upload = content_type == "multipart/form-data"
        limit = kit.max_upload if upload else kit.max_body
        declared = call.given.get(b"content-length")
        if declared is not None and declared.isdigit() and int(declared[:15]) > limit:
            raise too_large(limit)
        if upload:
            return _counted(receive, limit)
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body: bytes = message.get("body", b"")
        if message.get("more_body", False):
            parts, size = [body], len(body)
            while message.get("more_body", False):
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > limit:
                    raise too_large(limit)
            body = b"".join(parts)
        if len(body) > limit:
            raise too_large(limit)
        if body and is_json(content_type):
            check_json(body)
        call.body = body
        return _given_on(body, receive)

    def _observe(self, call: Call, seconds: float) -> None:
        key = (call.scope["method"], _route(call.scope), call.status)
        observed = self._observed.get(key)
        if observed is None:
            method = key[0] if key[0] in WITH_BODY or key[0] in ("GET", "HEAD", "OPTIONS") else "other"
            observed = self._observed[key] = REQUESTS.labels(self.kit.service, method, key[1], str(key[2]))
        observed.observe(seconds)


def is_open(path: str) -> bool:
    """Whether an address within a service is answered without a credential."""
    return path in OPEN or path.startswith(OPEN_PREFIXES)


def too_large(limit: int) -> Problem:
    return Problem(413, "too_large", params={"limit": limit}, headers={"Connection": "close"})


def is_json(content_type: str) -> bool:
    """Whether a media type is JSON."""
    return content_type == "application/json" or (
        content_type.startswith("application/") and content_type.endswith("+json")
    )


def _local_path(scope: Scope) -> str:
    """The path within this service, whether it stands alone or is mounted."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    return path[len(root) :] if root and path.startswith(root) else path


def _route(scope: Scope) -> str:
    route = scope.get("route")
    return getattr(route, "path", "unmatched")


def _given_on(body: bytes, receive: Receive) -> Receive:
    """A receive that gives a body already read, once, and then whatever comes."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def given_on() -> Message:
        return pending.pop() if pending else await receive()

    return given_on


def _counted(receive: Receive, limit: int) -> Receive:
    """A receive that refuses to pass on more than `limit` bytes."""
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise too_large(limit)
        return message

    return counted
