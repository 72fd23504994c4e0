"""Rows of JSON: one object a line, or one array of objects, read as it comes. Must not alter a number as written."""

import json
from collections.abc import Iterator
from typing import Any, Final, TextIO

from shared.imports.problems import RowProblem, TableRefused
from shared.imports.rows import Row

CHUNK_CHARS: Final = 1 << 16
OBJECT_CHARS: Final = 1 << 20
_SPACE: Final = " \t\r\n"


def _refuse_constant(name: str) -> Any:
    raise json.JSONDecodeError(f"{name} is not JSON", name, 0)


_DECODER: Final = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_refuse_constant)


def object_rows(text: TextIO) -> Iterator[Row | RowProblem]:
    """NDJSON: one object a line; a line that is none is a problem. Raises TableRefused: `record_too_long`."""
    number = 0
    while line := text.readline(OBJECT_CHARS):
        number += 1
        if len(line) == OBJECT_CHARS:
            raise TableRefused("record_too_long", line=number)
        if not (line := line.strip()):
            continue
        try:
            found = _DECODER.decode(line)
        except (json.JSONDecodeError, RecursionError):
            yield RowProblem(line=number, column="", code="malformed")
            continue
        yield _row(number, found)


def array_rows(text: TextIO) -> Iterator[Row | RowProblem]:
    """A JSON array of objects. Raises TableRefused (`not_json`, `record_too_long`) where the text stops being one."""
    window = _Window(text)
    if window.next() != "[":
        raise TableRefused("not_json", line=window.line)
    window.take()
    if window.next() == "]":
        window.take()
    else:
        while True:
            window.next()
            line = window.line
            yield _row(line, window.value())
            mark = window.next()
            window.take()
            if mark == "]":
                break
            if mark != ",":
                raise TableRefused("not_json", line=window.line)
    if window.next():
        raise TableRefused("not_json", line=window.line)


class _Window:
    """The part of a long text around the place of reading."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._buffer = ""
        self._at = 0
        self.line = 1

    def next(self) -> str:
        """The next character that is no space, not yet taken; "" at the end."""
        while True:
            while self._at < len(self._buffer):
                character = self._buffer[self._at]
                if character not in _SPACE:
                    return character
                self.line += character == "\n"
                self._at += 1
            if not self._more():
                return ""

    def take(self) -> None:
        """Go past the character that `next` gave."""
        self._at += 1

    def value(self) -> Any:
        """The JSON value that begins here."""
        if self.next() not in ("{", "["):  # a bare number or word could end at the window's edge
            raise TableRefused("not_json", line=self.line)
        while True:
            try:
                found, end = _DECODER.raw_decode(self._buffer, self._at)
            except RecursionError as error:
                raise TableRefused("not_json", line=self.line) from error
            except json.JSONDecodeError as error:
                if len(self._buffer) - self._at > OBJECT_CHARS:
                    raise TableRefused("record_too_long", line=self.line) from error
                if not self._more():
                    raise TableRefused("not_json", line=self.line) from error
                continue
            self.line += self._buffer.count("\n", self._at, end)
            self._at = end
            return found

    def _more(self) -> bool:
        chunk = self._text.read(CHUNK_CHARS)
        self._buffer = self._buffer[self._at :] + chunk
        self._at = 0
        return bool(chunk)


def _row(line: int, found: Any) -> Row | RowProblem:
    if not isinstance(found, dict):
        return RowProblem(line=line, column="", code="not_an_object")
    cells: dict[str, str] = {}
    _flatten("", found, cells)
    texts = "".join((*cells, *cells.values()))
    if "\0" in texts:
        return RowProblem(line=line, column="", code="nul")
    try:
        texts.encode()
    except UnicodeEncodeError:  # half a character: \\ud800
        return RowProblem(line=line, column="", code="malformed")
    return Row(line, cells)


def _flatten(prefix: str, found: dict[str, Any], cells: dict[str, str]) -> None:
    """Objects within the object become `outer.inner`; arrays stay JSON text."""
    for key, value in found.items():
        match value:
            case str():
                cells[prefix + key] = value
            case None:
                cells[prefix + key] = ""
            case True | False:
                cells[prefix + key] = "true" if value else "false"
            case dict():
                _flatten(f"{prefix}{key}.", value, cells)
            case _:
                cells[prefix + key] = json.dumps(value, ensure_ascii=False)
