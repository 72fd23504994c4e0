"""A file is what its content says, whatever it is called; names in answers are safe."""

from __future__ import annotations

import io
import zipfile

import pytest

from services.opportunities.attachments.media_types import ENDINGS, MEDIA_TYPES, media_type_of, named
from services.opportunities.attachments.reads import _range, disposition
from services.opportunities.attachments.upload import _base
from shared.http.problem import Problem


def office(*names: str) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return kept.getvalue()


TYPES = "[Content_Types].xml"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"%PDF-1.4 ...", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n...", "image/png"),
        (b"\xff\xd8\xff\xe0...", "image/jpeg"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", None),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1...", "application/x-ole-storage"),
        (office(TYPES, "word/document.xml"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (office(TYPES, "word/document.xml", "word/vbaProject.bin"), None),
        (office(TYPES, "word/document.xml", "word/VBAPROJECT.BIN"), None),
        (office("a.exe"), None),
        (b"PK\x03\x04 not a zip", None),
        ("会议纪要".encode(), "text/plain"),
        ("会议纪要".encode("gb18030"), "text/plain"),
        ("\ufeff会议纪要".encode("utf-16-le"), "text/plain"),
        (b"a" + ("测" * 30_000).encode(), "text/plain"),
        (b"  <HTML><body>", None),
        (b"<svg xmlns=''>", None),
        (b"#!/bin/sh\nrm -rf", None),
        (b"MZ\x90\x00\x03", None),
        (b"\x00\x01\x02", None),
    ],
)
def test_the_content_says_what_it_is(content: bytes, expected: str | None) -> None:
    assert media_type_of(io.BytesIO(content)) == expected


@pytest.mark.parametrize(
    ("content", "name", "kept"),
    [
        (b"<b onclick=1>", "offer.hta", "offer.hta.txt"),
        (b"del *", "offer.bat", "offer.bat.txt"),
        (b"GIF89a=1;", "offer.html", "offer.html.gif"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1...", "setup.msi", "setup.msi.doc"),
        (b"%PDF-1.4", "合同.PDF", "合同.PDF"),
        (b"a;b", "a.csv", "a.csv"),
        (b"hello", "txt", "txt.txt"),
    ],
)
def test_a_file_is_called_as_what_it_is(content: bytes, name: str, kept: str) -> None:
    assert named(name, media_type_of(io.BytesIO(content))) == kept


def test_every_type_has_an_ending() -> None:
    assert set(ENDINGS) == set(MEDIA_TYPES)


def test_a_name_is_the_last_part_of_what_was_given() -> None:
    assert _base("C:\\fakepath\\合同.pdf") == "合同.pdf"
    assert _base("../../etc/passwd") == "passwd"
    assert _base("a\r\nb\x07.pdf") == "ab.pdf"
    assert _base("...") == "file"
    assert _base("x" * 400 + ".pdf").endswith(".pdf")
    assert len(_base("x" * 400)) == 255


def test_a_name_never_ends_the_header() -> None:
    said = disposition('a";\r\nset-cookie: x=1;"合同.pdf')
    assert "\r" not in said
    assert "\n" not in said
    assert said.count('"') == 2
    assert said.isascii()
    assert disposition(None).startswith('attachment; filename="attachment"')


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (None, (0, 9, False)),
        ("bytes=0-", (0, 9, True)),
        ("bytes=2-4", (2, 4, True)),
        ("bytes=2-99", (2, 9, True)),
        ("bytes=-3", (7, 9, True)),
        ("bytes=-99", (0, 9, True)),
        ("bytes=5-2", (0, 9, False)),
        ("bytes=0-1,4-5", (0, 9, False)),
        ("lines=1-2", (0, 9, False)),
        ("bytes=-", (0, 9, False)),
    ],
)
def test_a_range_of_ten_bytes(asked: str | None, found: tuple[int, int, bool]) -> None:
    assert _range(asked, 10) == found


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=10-12", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused(asked: str) -> None:
    with pytest.raises(Problem) as refused:
        _range(asked, 10)
    assert refused.value.status == 416
