"""One OpenAPI document of several services. Changes no operation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Document = dict[str, Any]


def merge(documents: Mapping[str, Document], *, title: str = "Dakehu") -> Document:
    """All paths, parts and tags. Parts of one name that differ get their service's name in front."""
    whole: Document = {"paths": {}, "components": {}, "tags": [], "webhooks": {}}
    for service, given in documents.items():
        document = _set_apart(service, given, whole["components"])
        whole = {**document, **whole}
        for path, operations in document.get("paths", {}).items():
            whole["paths"].setdefault(path, operations)
        for name, webhook in document.get("webhooks", {}).items():
            whole["webhooks"].setdefault(name, webhook)
        for kind, parts in document.get("components", {}).items():
            whole["components"].setdefault(kind, {}).update(parts)
        known = {tag["name"] for tag in whole["tags"]}
        whole["tags"] += [tag for tag in document.get("tags", []) if tag["name"] not in known]
    whole["info"] = {**whole["info"], "title": title}
    return whole


def _set_apart(service: str, document: Document, known: Mapping[str, Document]) -> Document:
    """The document with its own names for parts that are called like another service's and are not the same."""
    components: dict[str, Document] = document.get("components", {})
    names = {
        f"#/components/{kind}/{name}": f"#/components/{kind}/{service}_{name}"
        for kind, parts in components.items()
        for name, part in parts.items()
        if known.get(kind, {}).get(name, part) != part
    }
    if not names:
        return document
    apart: Document = renamed(document, names)
    for kind, parts in apart["components"].items():
        apart["components"][kind] = {
            names.get(f"#/components/{kind}/{name}", name).rpartition("/")[2]: part for name, part in parts.items()
        }
    for reference in names.values():
        _, _, kind, name = reference.split("/")
        if "title" in (part := apart["components"][kind][name]):
            part["title"] = name  # generators make one class of two equal titles
    return apart


def renamed(value: Any, names: Mapping[str, str]) -> Any:
    """References, wherever they stand, by their new names."""
    match value:
        case str():
            return names.get(value, value)
        case dict():
            return {key: renamed(item, names) for key, item in value.items()}
        case list():
            return [renamed(item, names) for item in value]
        case _:
            return value
