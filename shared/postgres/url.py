"""Which database this process works on, and the forms its address takes."""

from __future__ import annotations

from shared.postgres.embedded import acquire
from shared.settings import Settings, settings


async def database_url(chosen: Settings | None = None) -> str:
    """DATABASE_URL, else the embedded server of the data folder, started when needed and kept while we live."""
    chosen = chosen or settings()
    return plain_url(chosen.database_url) if chosen.database_url else await acquire(chosen.data)


def plain_url(url: str) -> str:
    """`postgresql://…` without a driver's name: what asyncpg reads."""
    scheme, rest = url.split("://", 1)
    return f"postgresql://{rest}" if scheme.partition("+")[0] in {"postgresql", "postgres"} else url


def sqlalchemy_url(url: str) -> str:
    """The same database for SQLAlchemy on asyncpg."""
    return plain_url(url).replace("postgresql://", "postgresql+asyncpg://", 1)
