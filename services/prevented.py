"""What keeps a verb of the command line from the database or its keys, in one line. Mends nothing."""

from __future__ import annotations

import asyncpg

from shared.keys import BadKey


def prevented(error: BaseException) -> str | None:
    """What to say; None when it is a defect of ours, whose traceback is wanted."""
    match error:
        case asyncpg.InsufficientPrivilegeError():
            return f"The database does not let this user: {error}. Use the login that owns its tables."
        case asyncpg.UndefinedTableError() | asyncpg.InvalidSchemaNameError():
            return f"The database is not as this code needs it: {error}. Run: dakehu migrate"
        case BadKey():
            return f"{error}. See: dakehu doctor"
        case FileNotFoundError() | PermissionError():
            return f"{error.filename} cannot be read: {error.strerror}"
        case OSError() | asyncpg.InvalidAuthorizationSpecificationError() | asyncpg.InvalidCatalogNameError():
            return f"The database does not answer: {error or type(error).__name__}. See: dakehu doctor"
        case _:
            return None
