"""What a file is, by its content and never by its name. Opens nothing, runs nothing."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from typing import IO, Final

HEAD_BYTES = 65_536
MOST_ENTRIES = 10_000

MAGIC: Final[tuple[tuple[bytes, str], ...]] = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),  # Word, Excel, PowerPoint before 2007
)
OFFICE: Final[Mapping[str, str]] = {
    "word/": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ppt/": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
MEDIA_TYPES: Final = (*dict.fromkeys(name for _, name in MAGIC), "image/webp", *OFFICE.values(), "text/plain")
"""All there are."""
MACROS: Final = "vbaproject.bin"
ACTIVE: Final = (b"<!doctype", b"<html", b"<svg", b"<script", b"<?xml", b"<?php", b"#!")
"""Texts a browser or a shell might run."""
ENDINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "application/pdf": ("pdf",),
    "image/png": ("png",),
    "image/jpeg": ("jpg", "jpeg", "jpe", "jfif"),
    "image/gif": ("gif",),
    "image/tiff": ("tif", "tiff"),
    "image/webp": ("webp",),
    "application/x-ole-storage": ("doc", "xls", "ppt", "dot", "xlt", "pot", "pps", "wps", "et", "dps", "msg", "vsd"),
    OFFICE["word/"]: ("docx", "dotx"),
    OFFICE["xl/"]: ("xlsx", "xltx"),
    OFFICE["ppt/"]: ("pptx", "potx", "ppsx"),
    "text/plain": ("txt", "csv", "tsv", "md", "log", "json", "ics", "eml"),
}
"""What a file of a type may be called; the first is added to every other name."""
ENCODINGS: Final = ("utf-8-sig", "utf-16", "gb18030")


def media_type_of(file: IO[bytes]) -> str | None:
    """The media type of a file that may be attached; None of any other."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    for magic, name in MAGIC:
        if head.startswith(magic):
            return name
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    if head.startswith(b"PK\x03\x04"):
        return _office(file)
    return "text/plain" if _is_text(head) else None


def named(name: str, media_type: str | None) -> str:
    """The name with an ending of its type: a text called `prices.hta` would be run by who opens it."""
    endings = ENDINGS.get(media_type or "", ())
    fits = not endings or ("." in name and name.rpartition(".")[2].lower() in endings)
    return name if fits else f"{name}.{endings[0]}"


def _office(file: IO[bytes]) -> str | None:
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return None
    if len(names) > MOST_ENTRIES or "[Content_Types].xml" not in names:
        return None
    if any(name.rpartition("/")[2].lower() == MACROS for name in names):
        return None
    return next((kind for part, kind in OFFICE.items() if any(name.startswith(part) for name in names)), None)


def _is_text(head: bytes) -> bool:
    for encoding in ENCODINGS:
        if encoding == "utf-16" and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
            continue
        for cut in range(4 if len(head) == HEAD_BYTES else 1):  # a character may be cut off at the end of the head
            try:
                text = head[: len(head) - cut].decode(encoding)
            except UnicodeDecodeError:
                continue
            if any(ord(letter) < 32 and letter not in "\t\n\r\f" for letter in text):
                return False
            return not text.lstrip().lower().encode().startswith(ACTIVE)
    return False
