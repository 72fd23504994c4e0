"""The operator's verbs as they are typed, and a deletion that is killed wherever it can be."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID

import pytest

from services.tenants.deletion import receipts
from services.tenants.networks import webhook_networks
from services.tenants.standing import suspend
from shared.event_store.connections import WORK
from shared.event_store.store import EventStore
from shared.webhooks.networks import allowed
from shared.webhooks.sending import Network
from tests.tenants.conftest import Place

ROOT = Path(__file__).parents[2]
DAKEHU = Path(sys.executable).with_name("dakehu")
POINTS = ("delete.keys", "delete.head", "delete.events", "delete.table:3", "delete.pass", "delete.receipt")


def dakehu(place: Place, *verb: str, **more: str) -> subprocess.CompletedProcess[str]:
    ours = ("DAKEHU_", "DATABASE_URL")
    environment: Mapping[str, str] = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment = {
        **environment,
        "DAKEHU_DATA": str(place.settings.data),
        "DATABASE_URL": place.url,
        "COLUMNS": "200",
        **more,
    }
    return subprocess.run([str(DAKEHU), *verb], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


async def test_a_tenant_is_opened_suspended_archived_and_let_in_again(place: Place, tmp_path: Path) -> None:
    made = dakehu(
        place, "tenant", "create", "江南出租", "--administrator", "张三", "--administrator-subject", "s-1",
        "--issuer", "https://login.example.com/", "--audience", "dakehu",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    tenant = UUID(re.search(r"tenant +(\S+)", made.stdout)[1])  # type: ignore[index]
    assert "may vouch for its people" in made.stdout
    again = dakehu(place, "tenant", "create", "江南出租", "--administrator", "张三", "--id", str(tenant))
    assert (again.returncode, "nothing was changed" in again.stdout) == (0, True)
    assert "dakehu tenant trust" in again.stdout
    repeated = dakehu(
        place, "tenant", "trust", str(tenant), "--issuer", "https://login.example.com/", "--person-reference", "idp"
    )
    assert (repeated.returncode, "already" in repeated.stdout) == (0, True), repeated.stderr
    for wrong in ("ftp://x.example.com", "x"):
        refused = dakehu(place, "tenant", "trust", str(tenant), "--issuer", wrong)
        assert (refused.returncode, "Traceback" in refused.stderr) == (1, False)

    assert dakehu(place, "tenant", "suspend", str(tenant), "--reason", "unpaid").stdout == "Suspended.\n"
    assert re.search(rf"{tenant}  suspended .* 江南出租", dakehu(place, "tenant", "list").stdout)
    file = tmp_path / "archive"
    exported = dakehu(place, "tenant", "export", str(tenant), "--file", str(file))
    assert exported.returncode == 0, exported.stderr
    assert "张三" in file.read_text()
    checked = dakehu(place, "tenant", "verify-archive", str(file))
    assert (checked.returncode, checked.stdout.startswith("Whole: tenant")) == (0, True)
    file.write_text(file.read_text().replace("unpaid", "repaid"))
    assert dakehu(place, "tenant", "verify-archive", str(file)).returncode == 1
    assert dakehu(place, "tenant", "resume", str(tenant)).stdout == "Resumed.\n"

    unsure = dakehu(place, "tenant", "delete", str(tenant), "--name", "江南出租")
    assert (unsure.returncode, "suspend it first" in unsure.stderr) == (1, True)
    missing = dakehu(place, "tenant", "suspend", str(UUID(int=7)), "--reason", "x")
    assert (missing.returncode, "Not done: no tenant" in missing.stderr) == (1, True)


async def test_another_vault_key_is_noticed_before_anything_is_written(place: Place) -> None:
    refused = dakehu(place, "tenant", "create", "x", "--administrator", "y", DAKEHU_VAULT_KEY="07" * 32)
    assert (refused.returncode, "Traceback" in refused.stderr) == (1, False), refused.stderr


async def test_a_missing_or_wrong_vault_key_is_one_line(place: Place) -> None:
    wrong: list[dict[str, str]] = [{}, {"DAKEHU_VAULT_KEY": "short"}, {"DAKEHU_VAULT_KEY_FILE": "/nowhere"}]
    for given in wrong:
        refused = dakehu(place, "tenant", "list", DAKEHU_ENV="production", **given)
        assert (refused.returncode, refused.stderr.count("\n")) == (1, 1), refused.stderr


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("--issuer", "http://login.example.com/"), "not https"),
        (("--issuer", "https://localhost/"), "this machine's own"),
        (("--currency", "rmb"), "ISO 4217"),
        (("--zone", "Asia/Nowhere"), "No time zone"),
    ],
)
async def test_what_cannot_be_so_opens_no_tenant(place: Place, wrong: tuple[str, str], said: str) -> None:
    before = dakehu(place, "tenant", "list").stdout
    key = (place.settings.data / "keys" / "vault").read_text().strip()
    refused = dakehu(
        place, "tenant", "create", "x", "--administrator", "y", *wrong, DAKEHU_ENV="production", DAKEHU_VAULT_KEY=key
    )
    assert (refused.returncode, said in refused.stderr, "Traceback" in refused.stderr) == (1, True, False)
    assert dakehu(place, "tenant", "list").stdout == before


@pytest.mark.parametrize(
    "verb", [("verify",), ("migrate",), ("tenant", "list"), ("restored", "--reason", "x")], ids=" ".join
)
def test_a_database_that_is_away_is_one_line(tmp_path: Path, verb: tuple[str, ...]) -> None:
    given = {"DAKEHU_DATA": str(tmp_path), "DATABASE_URL": "postgresql://a:b@127.0.0.1:1/x"}
    ended = subprocess.run(
        [str(DAKEHU), *verb], cwd=ROOT, env={**os.environ, **given}, capture_output=True, text=True, timeout=60
    )
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1), ended.stderr
    assert ended.stderr.startswith("The database does not answer")


@pytest.mark.slow
async def test_a_deletion_killed_anywhere_is_finished_by_repeating_it(place: Place) -> None:
    await place.fill()
    ours, others = place.ours.tenant_id, place.others.tenant_id
    before = await place.checksums(others)
    await suspend(place.store, ours, "contract ended")
    verb = ("tenant", "delete", str(ours), "--name", place.ours.name)
    for point in POINTS:
        killed = dakehu(place, *verb, DAKEHU_FAULT=point)
        assert killed.returncode == -signal.SIGKILL, f"{point}: {killed.stdout}{killed.stderr}"
        assert await place.checksums(others) == before, point
        if point != "delete.receipt":
            wrong = dakehu(place, "tenant", "delete", str(ours), "--name", place.others.name)
            assert (wrong.returncode, "not the tenant's name" in wrong.stderr) == (1, True)
    finished = dakehu(place, *verb)
    assert finished.returncode == 0, finished.stderr
    assert await place.rows(ours) == {}
    assert await place.checksums(others) == before
    assert len(receipts(place.settings.data / "deleted-tenants.jsonl")) == 1
    back = dakehu(place, "tenant", "create", "again", "--administrator", "x", "--id", str(ours))
    assert (back.returncode, "was deleted" in back.stderr) == (1, True)
    gone = dakehu(place, *verb)
    assert (gone.returncode, "Not done: no tenant" in gone.stderr) == (1, True)


async def test_networks_of_webhooks_are_the_operators_to_open(place: Place) -> None:
    tenant, told = place.ours.tenant_id, list[str]()

    async def change(**wanted: Sequence[str]) -> str:
        told.clear()
        await webhook_networks(place.settings, tenant, told.append, **wanted)  # type: ignore[arg-type]
        return "\n".join(told)

    verb = ("webhook-networks", str(tenant), "--ports", "443,8443", "--note", "ERP", "--add")
    opened = dakehu(place, *verb, "10.20.0.0/16", "--add", "fd12::/48")
    assert opened.returncode == 0, opened.stderr
    assert re.search(r"^10\.20\.0\.0/16 +443, 8443 +since \S+  ERP$", opened.stdout, re.MULTILINE)
    refused = dakehu(place, "webhook-networks", str(tenant), "--remove", "fd12::/48", "--add", "169.254.169.254/32")
    assert (refused.returncode, refused.stderr.startswith("Not done: 169.254.169.254/32 is never")) == (1, True)
    for never in ("10.0.0.1/8", "nonsense", "fe80::/64"):
        with pytest.raises(ValueError, match=r"host bits|does not appear|never"):
            await change(remove=["fd12::/48"], add=[never])
    async with await EventStore.open(place.url, writers=1, reads_as=WORK) as store:
        ports = (443, 8443)
        assert await allowed(store.pool, tenant) == {
            Network.of("10.20.0.0/16", *ports),
            Network.of("fd12::/48", *ports),
        }
        assert await allowed(store.pool, place.others.tenant_id) == frozenset()
    assert "10.20.0.0/16  " not in (closed := await change(remove=["10.20.0.0/16"]))
    assert "fd12::/48" in closed
    assert (await change(remove=["fd12::/48"])).endswith("Public addresses alone, by https, port 443.")
    with pytest.raises(ValueError, match="no tenant"):
        await webhook_networks(place.settings, UUID(int=7), told.append)
