"""Whatever asyncpg says when the database goes away is 503 with Retry-After, never 500."""

from __future__ import annotations

import asyncpg
import pytest

from shared.http.errors import problem_of


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"),
        asyncpg.CannotConnectNowError("the database system is starting up"),
        ConnectionRefusedError(),
        TimeoutError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_lost_database_is_unavailable(error: Exception) -> None:
    problem = problem_of(error)
    assert problem is not None
    assert problem.status == 503
    assert "Retry-After" in problem.headers
