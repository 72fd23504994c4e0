"""Which encoding a text file is in: byte order mark, then strict UTF-8, then GB18030. Must not alter any text."""

import codecs
from typing import BinaryIO, Final, Literal, NamedTuple

from shared.imports.problems import TableRefused

EncodingName = Literal["utf-8", "gb18030", "utf-16", "utf-16-le", "utf-16-be"]

SCAN_BYTES: Final = 1 << 20
SAMPLE_BYTES: Final = 1 << 14
_MARKS: Final[tuple[tuple[bytes, EncodingName], ...]] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WORKBOOKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"%PDF", b"\x1f\x8b")
_SEPARATORS: Final = b',\t\r\n;|"'


class Encoding(NamedTuple):
    """An encoding Python knows, and how many bytes of byte order mark precede the text."""

    name: EncodingName
    mark_bytes: int


def encoding_of(source: BinaryIO, stated: EncodingName | None = None) -> Encoding:
    """The encoding of the whole of `source`, every byte of it checked; `source` must be seekable and is left at 0.

    A mark decides; without one UTF-16 is known by its separators; then UTF-8, then GB18030 (it holds GBK and GB2312).
    A stated encoding is believed and checked. Raises TableRefused: `empty`, `not_text`, `encoding`.
    """
    source.seek(0)
    sample = source.read(SAMPLE_BYTES)
    if not sample:
        raise TableRefused("empty")
    if sample.startswith(_WORKBOOKS):
        raise TableRefused("not_text")
    for candidate in _candidates(sample, stated):
        if _decodes(source, candidate):
            source.seek(0)
            return candidate
    raise TableRefused("encoding")


def _candidates(sample: bytes, stated: EncodingName | None) -> list[Encoding]:
    marked = next((Encoding(name, len(mark)) for mark, name in _MARKS if sample.startswith(mark)), None)
    if stated is not None:
        fits = marked is not None and (marked.name == stated or (stated == "utf-16" and marked.name != "utf-8"))
        if marked is not None and fits:
            return [marked]
        if stated == "utf-16":
            return [Encoding(_utf16_order(sample) or "utf-16-le", 0)]
        return [Encoding(stated, 0)]
    if marked is not None:
        return [marked]
    order = _utf16_order(sample) if b"\0" in sample else None
    return ([Encoding(order, 0)] if order else []) + [Encoding("utf-8", 0), Encoding("gb18030", 0)]


def _utf16_order(sample: bytes) -> Literal["utf-16-le", "utf-16-be"] | None:
    """The byte order in which separators are found; letters and digits mislead (U+4E00 reversed is N, U+3000 is 0)."""
    little = big = 0
    for at in range(0, len(sample) - 1, 2):
        first, second = sample[at], sample[at + 1]
        if second == 0 and first in _SEPARATORS:
            little += 1
        elif first == 0 and second in _SEPARATORS:
            big += 1
    units = len(sample) // 2
    if max(little, big) * 200 < units or units == 0:  # fewer than one separator in 200 characters: not a UTF-16 table
        return None
    if little > 2 * big:
        return "utf-16-le"
    return "utf-16-be" if big > 2 * little else None


def _decodes(source: BinaryIO, encoding: Encoding) -> bool:
    source.seek(encoding.mark_bytes)
    decoder = codecs.getincrementaldecoder(encoding.name)("strict")
    try:
        while chunk := source.read(SCAN_BYTES):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
