"""A service with nothing to it but the kit: jars of sweets. One stream, every kind of route."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from shared.event_store.command import Claim
from shared.event_store.facts import FactRegistry
from shared.event_store.stream import Fact, FirstFact, Refused, Stream
from shared.http import (
    CommandContext,
    Commands,
    Ctx,
    CtxMatch,
    Problem,
    Receipt,
    Router,
    Text,
    Who,
    Work,
    refuses,
)
from shared.http.reading import Listed, Now, Paged, Report
from shared.projections.waiting import ViewBehind


class JarOpened(FirstFact):
    label: str
    owner_id: UUID


class SweetAdded(Fact):
    sweets: int


class JarSealed(Fact):
    pass


class TenantOpened(FirstFact):
    name: str
    zone: str


class Tenant(Stream):
    stream_type = "tenant"
    standing_types: ClassVar[Mapping[str, Any]] = {"name": str, "zone": str}

    def when(self, fact: Any) -> None:
        self.set(fact, name=fact.name, zone=fact.zone)


class Jar(Stream):
    stream_type = "jar"
    standing_types: ClassVar[Mapping[str, Any]] = {
        "label": str,
        "owner_id": UUID,
        "sweets": int,
        "sealed": bool,
    }

    def add(self, sweets: int, *, at: datetime) -> None:
        if self.standing.get("sealed"):
            raise Refused("jar_sealed", "the jar is sealed", label=self.standing["label"])
        if sweets > 100:
            raise Refused("too_many_sweets", "more than a jar takes", status=422, pointer="/sweets", most=100)
        if sweets:
            self.record(SweetAdded, at=at, sweets=self.standing["sweets"] + sweets)

    def seal(self, *, at: datetime) -> None:
        if not self.standing.get("sealed"):
            self.record(JarSealed, at=at)

    def when(self, fact: Any) -> None:
        match fact:
            case JarOpened():
                self.set(fact, label=fact.label, owner_id=fact.owner_id, sweets=0)
            case SweetAdded():
                self.set(fact, sweets=fact.sweets)
            case JarSealed():
                self.set(fact, sealed=True)
            case _:
                self.unknown(fact)


FACTS = FactRegistry({c.__name__: c for c in (JarOpened, SweetAdded, JarSealed, TenantOpened)})

TEXTS: dict[str, Text | tuple[str, str]] = {
    "jar_sealed": Text("罐子已封", "The jar is sealed", "罐子“{label}”已封。", "The jar {label} is sealed."),
    "too_many_sweets": ("糖太多", "Too many sweets"),
    "label_taken": ("标签已被使用", "Label taken"),
}


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OpenJar(Body):
    """Open a jar."""

    label: Annotated[str, StringConstraints(min_length=1, max_length=50)]
    price: Decimal | None = Field(default=None, max_digits=12, decimal_places=2)
    opened_at: AwareDatetime | None = None
    marks: Annotated[tuple[str, ...], Field(max_length=10)] = ()


class AddSweets(Body):
    """Put sweets in."""

    sweets: int = Field(ge=0, le=1_000)


class Pour(Body):
    """Pour sweets into a new jar."""

    source: UUID
    sweets: int = Field(ge=1, le=100)


class JarShown(BaseModel):
    id: UUID
    label: str
    sweets: int


async def sees(ctx: CommandContext, jar: Jar) -> bool:
    sight = await ctx.kit.sight(ctx.principal)
    return sight.sees(owner_id=jar.standing["owner_id"], unit_id=None)


JARS = Commands(Jar, sees=sees, taken=lambda claim: Refused("label_taken", "another jar has this label"))
router = Router(prefix="/v1/jars", tags=["jars"])
reports = Router(prefix="/v1/toys", tags=["jars"])


@router.post("", status_code=201, operation_id="jars.open", responses=refuses(409))
async def open_jar(command: OpenJar, ctx: Ctx) -> Receipt:
    """Open a jar."""

    def opened(id: UUID, now: datetime) -> Jar:
        return Jar.begin(JarOpened, id=id, at=now, label=command.label, owner_id=ctx.principal.acting_for)

    return await JARS.open(ctx, opened, claims=lambda jar: [Claim("jar.label", command.label, jar.id)])


@router.get("/{jar_id}", operation_id="jars.read")
async def read_jar(jar_id: UUID, read: Now) -> JarShown:
    """One jar."""
    jar = await read.kit.repository(Jar).load(read.tenant_id, jar_id)
    if jar is None:
        raise Problem(404, "not_found")
    read.etag(jar.version)
    return JarShown(id=jar.id, label=jar.standing["label"], sweets=jar.standing["sweets"])


@router.post("/{jar_id}/add", operation_id="jars.add", responses=refuses(409, 412, 428))
async def add(jar_id: UUID, command: AddSweets, ctx: CtxMatch) -> Receipt:
    """Put sweets in a jar."""
    return await JARS.act(ctx, jar_id, lambda jar, now: jar.add(command.sweets, at=now))


@router.post("/{jar_id}/drop-in", operation_id="jars.drop_in", responses=refuses(409))
async def drop_in(jar_id: UUID, command: AddSweets, ctx: Ctx) -> Receipt:
    """Put sweets in a jar, whatever its version."""
    return await JARS.act(ctx, jar_id, lambda jar, now: jar.add(command.sweets, at=now))


@router.post("/{jar_id}/seal", operation_id="jars.seal", responses=refuses(409, 412, 428))
async def seal(jar_id: UUID, ctx: CtxMatch) -> Receipt:
    """Seal a jar."""
    return await JARS.act(ctx, jar_id, lambda jar, now: jar.seal(at=now))


@router.post("/pour", status_code=201, operation_id="jars.pour")
async def pour(command: Pour, ctx: Ctx) -> Receipt:
    """Pour sweets of one jar into a new one: two streams, one append."""

    async def poured(work: Work) -> Jar:
        source = await work.load(JARS, command.source)
        source.add(-command.sweets, at=ctx.now)
        jar = Jar.begin(JarOpened, id=ctx.new_id("jar"), at=ctx.now, label="poured", owner_id=ctx.principal.acting_for)
        work.add(jar).add(command.sweets, at=ctx.now)
        return jar

    return await JARS.together(ctx, poured, status=201, location=f"/v1/jars/{ctx.new_id('jar')}")


LIST = """
select stream_id as id, data->>'label' as label from es.events
 where tenant_id = $1 and type = 'JarOpened' and ($2::text is null or (data->>'label', stream_id) > ($2, $3::uuid))
   and ($5::text is null or data->>'label' like $5 || '%')
 order by data->>'label' , stream_id limit $4
"""


@router.get("", operation_id="jars.list")
async def jars(read: Now, page: Paged, starts: str | None = None) -> Listed[JarShown]:
    """Jars by label."""
    label, id = page.after(str, UUID) or (None, None)
    rows = await read.pool.fetch(LIST, read.tenant_id, label, id, page.limit + 1, starts)
    shown, following = page.of(rows, key=lambda row: (row["label"], row["id"]))
    return Listed(items=[JarShown(id=r["id"], label=r["label"], sweets=0) for r in shown], next=following)


class Asked(BaseModel):
    as_of: datetime
    day: str
    known_at: int | None


@reports.get("/report", operation_id="toys.report")
async def report(read: Report) -> Asked:
    """What was asked for."""
    return Asked(as_of=read.as_of, day=read.day.isoformat(), known_at=read.known_at)


@reports.get("/broken", operation_id="toys.broken")
async def broken() -> Asked:
    """A defect."""
    raise RuntimeError("secret insides")


@reports.get("/behind", operation_id="toys.behind")
async def behind(who: Who) -> Asked:
    """A view that is behind."""
    raise ViewBehind("jars.shelf", 12, 9, parked=False)
