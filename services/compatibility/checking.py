"""What is recorded as published, held against the code of today: what breaks it, and what it has not yet."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from services.compatibility.breaking import Comparison, Who
from services.documents.published import references

Record = Mapping[str, Any]


def read(path: Path) -> Record:
    """A record; an empty one where none was ever written."""
    if not path.exists():
        return {}
    found: Record = json.loads(path.read_text(encoding="utf-8"))
    return found


# -- events ------------------------------------------------------------------------------------------------


def broken_events(recorded: Record, now: Record) -> Iterator[str]:
    """What a subscriber relied on and has no longer. Versions no code writes any more stay in the record."""
    keeper = Comparison(recorded.get("parts", {}), now["parts"], Who.KEEPER)
    for name, event in recorded.get("events", {}).items():
        if (today := now["events"].get(name)) is None:
            yield f"event {name}: no class has it any more, and logs hold it"
            continue
        if event["subject_type"] not in (None, today["subject_type"]):
            yield f"event {name}: was about {event['subject_type']}, is about {today['subject_type']}"
        if max(map(int, event["versions"])) > max(map(int, today["versions"])):
            yield f"event {name}: is recorded in an older version again"
        for version, form in event["versions"].items():
            if version in today["versions"]:
                yield from keeper.breaks(form, today["versions"][version], f"event {name} (version {version}): data")


def with_older_versions(recorded: Record, now: Record) -> Record:
    """What is to be recorded: the events of today, with the versions they once had and the parts those need."""
    events = {}
    older: list[Any] = []
    for name, event in now["events"].items():
        before = recorded.get("events", {}).get(name, {"versions": {}})["versions"]
        kept = {version: form for version, form in before.items() if version not in event["versions"]}
        older += kept.values()
        events[name] = {**event, "versions": {**kept, **event["versions"]}}
    parts = dict(now["parts"])
    while older:
        for name in references(older.pop()):
            if name not in parts:
                parts[name] = recorded["parts"][name]
                older.append(parts[name])
    return {"events": events, "parts": dict(sorted(parts.items()))}


# -- routes ------------------------------------------------------------------------------------------------


def broken_routes(recorded: Record, now: Record) -> Iterator[str]:
    """What a client relied on and has no longer."""
    for name, before in recorded.get("operations", {}).items():
        after = now["operations"].get(name)
        if after is None:
            yield f"route {name} ({before['method']} {before['path']}): is gone"
            continue
        at = f"route {name}"
        for part in ("method", "path"):
            if before[part] != after[part]:
                yield f"{at}: its {part} was {before[part]}, is {after[part]}"
        if (before["open"] and not after["open"]) or not set(after["scope"]) <= set(before["scope"]):
            yield f"{at}: needs another scope: {after['scope'] or 'a credential'}"
        yield from _broken_asking(before, after, Comparison(recorded["parts"], now["parts"], Who.SENDER), at)
        yield from _broken_answers(before, after, Comparison(recorded["parts"], now["parts"], Who.READER), at)


def _broken_asking(before: Record, after: Record, sender: Comparison, at: str) -> Iterator[str]:
    for name, parameter in before["parameters"].items():
        today = after["parameters"].get(name)
        if today is None:
            yield f"{at}: takes no {name} any more"
            continue
        if today["required"] and not parameter["required"]:
            yield f"{at}: {name} is required now"
        yield from sender.breaks(parameter["schema"], today["schema"], f"{at}: {name}")
    for name, parameter in after["parameters"].items():
        if name not in before["parameters"] and parameter["required"]:
            yield f"{at}: {name} is required now"
    for media, schema in before["body"].items():
        if media in after["body"]:
            yield from sender.breaks(schema, after["body"][media], f"{at}: body")
        else:
            yield f"{at}: takes no body of {media} any more"
    if after["body_required"] and not before["body_required"]:
        yield f"{at}: its body is required now"


def _broken_answers(before: Record, after: Record, reader: Comparison, at: str) -> Iterator[str]:
    for status, answer in before["answers"].items():
        today = after["answers"].get(status)
        if today is None:
            yield f"{at}: answers no {status} any more"
            continue
        if gone := sorted(set(answer["headers"]) - set(today["headers"])):
            yield f"{at}: {status} has no {', '.join(gone)} any more"
        for media, schema in answer["content"].items():
            if media in today["content"]:
                yield from reader.breaks(schema, today["content"][media], f"{at}: {status}")
            else:
                yield f"{at}: {status} is no {media} any more"


# -- both --------------------------------------------------------------------------------------------------


def unrecorded(recorded: Record, now: Record, kind: str, word: str) -> Iterator[str]:
    """What the record does not have as it is today, by name: the events, or the operations."""
    known = recorded.get(kind, {})
    for name, found in now[kind].items():
        if name not in known:
            yield f"{word} {name}: is new"
        elif known[name] != found:
            yield f"{word} {name}: says more, or other words"
    yield from (f"{word} {name}: is not there any more" for name in known if name not in now[kind])
    for name, part in now["parts"].items():
        if recorded.get("parts", {}).get(name) != part:
            yield f"part {name} of {word}s: is new, or says more"
