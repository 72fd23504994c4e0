"""A copy that is begun with a snapshot and goes on with the feed."""

from __future__ import annotations

from dakehu_client import Client, MemoryCursor

from tests.journeys.telling import Company
from tests.stack import Running


def test_a_copy_begun_with_a_snapshot_and_tailed_is_the_source(running: Running, company: Company) -> None:
    with Client(running.url(), company.office.token) as dakehu:
        _told_and_copied(dakehu)


def _told_and_copied(dakehu: Client) -> None:
    for number in range(4):
        dakehu.post("/v1/opportunities", {"title": f"车队{number}"})
    middle = dakehu.get("/v1/events/head")["position"]
    for number in range(3):
        dakehu.put(f"/v1/opportunities/by-ref/erp/{number}", {"title": f"客户{number}"})
    versions = _copied(dakehu, middle)
    assert versions == _copied(dakehu, None)
    assert len(versions) == 7


def _copied(client: Client, position: int | None) -> dict[str, int]:
    """Version of every opportunity: as a snapshot has them, and then as the feed goes on."""
    snapshot = client.snapshot(at_position=position, subject_type="opportunity")
    versions = {str(record["subject"]): int(record["subject_version"]) for record in snapshot.records}
    for event in client.events(MemoryCursor(snapshot.cursor), follow=False):
        if event.subject_type == "opportunity":
            versions[str(event.subject)] = event.subject_version
    return versions
