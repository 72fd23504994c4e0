"""The embedded server with real processes: whoever is killed, the others keep their database; nothing stays behind."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from shared.postgres.launch import OUTSIDE
from tests.postgres.server_folder import ServerFolder, answer, kill, until

NO_NAMESPACES = Path(__file__).with_name("no_namespaces.py")
WRITE = "create table if not exists kept (n int); insert into kept values ({n})"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[ServerFolder]:
    folder = ServerFolder(tmp_path / "data")
    yield folder
    folder.end()


async def write(url: str, number: int) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(WRITE.format(n=number))
    await connection.close()


async def test_two_users_share_one_server_that_stops_with_the_last(folder: ServerFolder) -> None:
    first, url = folder.hold()
    second, same = folder.hold()
    assert url == same
    assert len(folder.supervisors()) == 1
    first.send_signal(signal.SIGTERM)
    first.wait()
    assert await answer(url) == 1
    second.kill()
    second.wait()
    assert until(lambda: not folder.servers() and not folder.supervisors(), "stopped") < 10
    assert not (folder.data / "postgres/cluster/postmaster.pid").exists()


async def test_users_that_start_at_once_get_one_server(folder: ServerFolder) -> None:
    urls = {folder.url_of(process) for process in [folder.hold_later() for _ in range(4)]}
    assert len(urls) == 1
    until(lambda: len(folder.supervisors()) == 1, "one supervisor stays")


async def test_a_killed_server_comes_back_at_the_same_address_with_its_rows(folder: ServerFolder) -> None:
    _, url = folder.hold()
    await write(url, 1)
    killed = folder.postmaster()
    kill(killed)
    until(lambda: folder.servers() != [] and killed not in folder.servers(), "another server")
    assert await answer(url, "select count(*) from kept") == 1


async def test_a_killed_supervisor_is_replaced_by_a_user(folder: ServerFolder) -> None:
    _, url = folder.hold()
    await write(url, 1)
    (supervisor,) = folder.supervisors()
    server = folder.postmaster()
    kill(supervisor)
    until(lambda: server not in folder.servers(), "the orphan has ended")
    until(lambda: folder.supervisors() not in ([], [supervisor]), "another supervisor")
    assert await answer(url, "select count(*) from kept") == 1


async def test_after_a_power_cut_the_next_user_finds_every_row(folder: ServerFolder) -> None:
    user, url = folder.hold()
    await write(url, 1)
    for process in (user.pid, *folder.supervisors(), *folder.servers()):
        try:
            kill(process)
        except ProcessLookupError:
            continue
    user.wait()
    until(lambda: not folder.servers(), "all dead")
    # the machine is up again, and a stranger carries the number in the lock file
    lock_file = folder.data / "postgres/cluster/postmaster.pid"
    lock_file.write_text(lock_file.read_text().replace(lock_file.read_text().split()[0], str(os.getpid()), 1))
    _, url = folder.hold()
    assert await answer(url, "select count(*) from kept") == 1


async def test_a_power_cut_while_the_cluster_is_made_leaves_nothing_behind(folder: ServerFolder) -> None:
    (folder.data / "postgres/cluster.new/base").mkdir(parents=True)
    (folder.data / "postgres/cluster.new/PG_VERSION").write_text("18\n")
    _, url = folder.hold()
    assert await answer(url) == 1
    assert not (folder.data / "postgres/cluster.new").exists()


async def test_a_server_that_is_stopping_is_not_joined(folder: ServerFolder) -> None:
    """The next user comes while the last one's server is going down, several times over."""
    url = ""
    for _ in range(5):
        process, url = folder.hold()
        process.kill()
        process.wait()
    folder.hold()
    assert await answer(url) == 1


async def test_the_path_of_the_folder_may_be_long(tmp_path: Path) -> None:
    folder = ServerFolder(tmp_path / "汽车" / ("deep" * 20) / ("deeper" * 20) / "data")
    try:
        _, url = folder.hold()
        assert await answer(url) == 1
    finally:
        folder.end()


async def test_another_programs_port_is_left_alone(folder: ServerFolder) -> None:
    process, url = folder.hold()
    process.kill()
    process.wait()
    until(lambda: not folder.supervisors(), "stopped")
    port = int((folder.data / "postgres/port").read_text())
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        _, moved = folder.hold()
        assert moved != url
        assert await answer(moved) == 1


async def test_nobody_else_may_read_the_data_or_connect(folder: ServerFolder) -> None:
    _, url = folder.hold()
    server = folder.data / "postgres"
    assert (server / "cluster").stat().st_mode & 0o077 == 0
    assert (server / "password").stat().st_mode & 0o177 == 0
    assert await answer(url, "select count(*) from pg_hba_file_rules where auth_method <> 'scram-sha-256'") == 0
    assert await answer(url, "show listen_addresses") == "127.0.0.1"


async def test_an_ordinary_user_runs_it_as_herself(tmp_path: Path) -> None:
    as_user = () if os.geteuid() else ("unshare", "--user", "--map-user=1000", "--map-group=1000")
    folder = ServerFolder(tmp_path / "data", prefix=as_user)
    try:
        _, url = folder.hold()
        assert await answer(url) == 1
    finally:
        folder.end()


@pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="root's trouble, and Linux's way to make it")
async def test_root_without_namespaces_lends_it_to_an_unprivileged_user(tmp_path: Path) -> None:
    folder = ServerFolder(tmp_path / "data", prefix=(sys.executable, str(NO_NAMESPACES)))
    try:
        _, url = folder.hold()
        assert str(await answer(url, "show data_directory")).startswith(f"{OUTSIDE}/")
        assert (folder.data / "postgres/cluster").exists() is False
    finally:
        folder.end()
