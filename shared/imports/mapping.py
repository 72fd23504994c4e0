"""A mapping document: YAML read safely into a target's model and checked against a header. Applies nothing itself."""

from collections.abc import Iterator
from typing import Annotated, Any, Final, TypeVar
from zoneinfo import ZoneInfo

import yaml
from pydantic import BeforeValidator, Field, PlainSerializer, ValidationError

from shared.imports.problems import MappingError, MappingRefused
from shared.imports.rules import Defaults, ExternalRule, Lookup, Part, rules_of
from shared.imports.tables import FileShape

MAX_BYTES: Final = 1 << 18
MAX_DEPTH: Final = 20


def _zone(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:  # an unknown name, or one that is a path
        raise ValueError(f"no such time zone: {value!r}") from error


Zone = Annotated[ZoneInfo, BeforeValidator(_zone), PlainSerializer(str, return_type=str)]


class Mapping(Part):
    """What every mapping has; a target derives from it and adds its own fields."""

    version: Annotated[int, Field(ge=1, le=1)] = 1
    file: FileShape = FileShape()
    time_zone: Zone = ZoneInfo("Asia/Shanghai")
    """Where times of day without an offset were written, and whose calendar days are meant."""
    defaults: Defaults = Defaults()
    external: ExternalRule


M = TypeVar("M", bound=Mapping)


def read_mapping(text: bytes | str, target: type[M]) -> M:
    """The mapping written in YAML (or JSON). Raises MappingRefused with the path of every mistake."""
    if len(text) > MAX_BYTES:
        raise MappingRefused([MappingError("", f"longer than {MAX_BYTES} bytes")])
    try:
        document = yaml.load(text, Loader=_PlainLoader)  # noqa: S506 - a loader of texts only, below
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise MappingRefused([MappingError("", f"not YAML: {error}")]) from error
    if not isinstance(document, dict):
        raise MappingRefused([MappingError("", "must be a list of keys and values")])
    try:
        return target.model_validate(document)
    except ValidationError as error:
        raise MappingRefused(
            MappingError(".".join(str(step) for step in found["loc"]), found["msg"].removeprefix("Value error, "))
            for found in error.errors(include_url=False, include_context=False)
        ) from error


def check_columns(mapping: Mapping, columns: tuple[str, ...] | None) -> None:
    """Raise MappingRefused where a rule names a column the header has not (None: JSON, each object has its own)."""
    if columns is None:
        return
    known = set(columns)
    errors = [
        MappingError(f"{path}.column", f"the file has no column {rule.column!r}")
        for path, rule in rules_of(mapping)
        if rule.column is not None and rule.column not in known
    ]
    if errors:
        raise MappingRefused(errors)


def lookups_of(mapping: Mapping) -> Iterator[tuple[str, Lookup]]:
    """Every look-up of a mapping with its path, as `read_lookups` wants them."""
    return ((f"{path}.lookup", rule.lookup) for path, rule in rules_of(mapping) if rule.lookup is not None)


class _PlainLoader(yaml.SafeLoader):
    """YAML whose scalars are all text (no `No` → false, no dates), without aliases, duplicate keys or deep nesting."""

    yaml_implicit_resolvers: Any = {}  # noqa: RUF012 - declared so by the parent

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self._depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        at = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "aliases are not allowed", at)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise yaml.composer.ComposerError(None, None, "nested too deep", at)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen: set[Any] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key must be text", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} stands twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)
