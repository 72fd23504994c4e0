"""Takes what names a person out of texts about others: name, phone, mail, however they are written. Reads nothing.

A phone and a mail are taken out wherever they stand. A name is many people's: it is taken out where the text is about
the person's records, or holds the person's phone or mail, or where nobody else has it and it is long enough not to be
part of other words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from shared.privacy.sealing import MAIL, PHONE, phone_digits

MARK = "[erased]"
"""What stands in the place of what was taken out."""
LEAST_NAME = 2
LEAST_NAME_ANYWHERE = 3
"""Characters of a name that is looked for in any text of the tenant."""
LEAST_DIGITS = 6
FULL_WIDTH = {chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)}
APART = r"[\s\-‐-―－.()（）]*"
"""What may stand between the digits of a number."""


class Redactor:
    """Finds one person's values. `unique_name`: nobody else of the tenant is called so."""

    def __init__(self, fields: Mapping[str, str], *, unique_name: bool) -> None:
        sure = [pattern for pattern in (_phone(fields.get(PHONE)), _mail(fields.get(MAIL))) if pattern]
        self._sure = re.compile("|".join(sure), re.IGNORECASE) if sure else None
        name = " ".join(unicodedata.normalize("NFKC", fields.get("name") or "").split())
        self._name = re.compile(_name(name), re.IGNORECASE) if len(name) >= LEAST_NAME else None
        self._anywhere = unique_name and len(name) >= LEAST_NAME_ANYWHERE

    @property
    def empty(self) -> bool:
        """Whether there is nothing to look for."""
        return self._sure is None and self._name is None

    def text(self, text: str, *, about: bool = False) -> str:
        """The text without the person; `about`: it belongs to the person's own records."""
        redacted, found = (text, 0) if self._sure is None else self._sure.subn(MARK, text)
        if self._name is not None and (about or found or self._anywhere):
            redacted = self._name.sub(MARK, redacted)
        return redacted

    def lines(self, text: str) -> str:
        """The same line by line: a phone in one row of a file says nothing about the names in the others."""
        return "".join(self.text(line) for line in text.splitlines(keepends=True))

    def value(self, value: Any) -> Any:
        """The same in all texts of a JSON value, keys included."""
        match value:
            case str():
                return self.text(value)
            case list():
                return [self.value(item) for item in value]
            case dict():
                return {self.text(key): self.value(item) for key, item in value.items()}
            case _:
                return value


def _phone(given: str | None) -> str | None:
    if not given:
        return None
    digits = phone_digits(given)
    if not digits.isdigit() or len(digits) < LEAST_DIGITS:
        return None
    number = APART.join(_either(digit) for digit in digits)
    return rf"(?<![0-9０-９])(?:(?:[+＋]|00)?\s*86{APART})?{number}(?![0-9０-９])"


def _mail(given: str | None) -> str | None:
    if not given:
        return None
    plain = unicodedata.normalize("NFKC", given).strip()
    return (
        rf"(?<![0-9A-Za-z_.+\-]){''.join(_either(character) for character in plain)}(?![0-9A-Za-z_\-])"
        if "@" in plain
        else None
    )


def _name(name: str) -> str:
    """A name with any space, or none, between its characters; words of Latin letters stand whole."""
    parts = [r"\s*" if character == " " else _either(character) for character in name]
    pattern = "".join(parts) if name.isascii() else r"\s?".join(part for part in parts if part != r"\s*")
    before = r"(?<![0-9A-Za-z])" if name[0].isascii() and name[0].isalnum() else ""
    after = r"(?![0-9A-Za-z])" if name[-1].isascii() and name[-1].isalnum() else ""
    return f"{before}{pattern}{after}"


def _either(character: str) -> str:
    """A character, or its full-width form."""
    wide = FULL_WIDTH.get(character)
    return re.escape(character) if wide is None else f"(?:{re.escape(character)}|{wide})"
