"""Office and web files: read in a process of their own, and refused with a sentence when they cannot be."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from core.errors import DocumentError
from policies.reading.convert import Converter
from tests.policy_room import ALL, room

pytestmark = pytest.mark.slow

PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj
4 0 obj<</Length 62>>stream
BT /F1 12 Tf 20 100 Td (Bicycles are parked in the cellar) Tj ET
endstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
trailer<</Root 1 0 R>>
"""
WORD = (
    '<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
    "<w:p><w:r><w:t>Umbrellas are lent at the desk.</w:t></w:r></w:p></w:body></w:document>"
)
TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.'
    'wordprocessingml.document.main+xml"/></Types>'
)
RELATIONS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="word/document.xml"/></Relationships>'
)


def write_docx(file: Path) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        archive.writestr("_rels/.rels", RELATIONS)
        archive.writestr("word/document.xml", WORD)


def write_xlsx(file: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Room", "Seats"])
    sheet.append(["Lighthouse", 12])
    book.save(file)


async def test_every_kind_of_file_is_found_by_its_words(tmp_path: Path) -> None:
    with room(tmp_path) as desk:
        desk.write("bicycles.pdf", PDF)
        write_docx(desk.folder / "umbrellas.docx")
        write_xlsx(desk.folder / "rooms.xlsx")
        desk.write(
            "records.html",
            '<html lang="en"><head><title>Records</title><meta name="loket:owner" content="Archive"></head>'
            "<body><h2>Retention</h2><p>Permits are kept for ten years.</p></body></html>",
        )
        report = await desk.library.ingest(desk.folder)
        assert report.problems == ()
        for words, path in {
            "bicycles cellar": "bicycles.pdf",
            "umbrellas lent": "umbrellas.docx",
            "lighthouse seats": "rooms.xlsx",
            "permits kept ten years": "records.html",
        }.items():
            assert (await desk.headings(words))[0][0] == f"handbook/{path}"
        page = (await desk.library.search("permits kept", ALL))[0]
        assert (page.title, page.owner, page.heading) == ("Records", "Archive", "Retention")


def test_a_damaged_file_is_refused_and_the_next_is_read(tmp_path: Path) -> None:
    (tmp_path / "broken.docx").write_bytes(b"PK\x03\x04 and then nothing of use")
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4\n\xff\xff garbage")
    write_docx(tmp_path / "good.docx")
    with Converter(60, 2_000) as converter:
        with pytest.raises(DocumentError, match="is damaged"):
            converter.convert(tmp_path / "broken.docx", "x/broken.docx")
        try:
            assert converter.convert(tmp_path / "broken.pdf", "x/broken.pdf").strip() == ""
        except DocumentError as error:
            assert error.problem.endswith(".")  # noqa: PT017 - either is an honest answer
        assert "Umbrellas" in converter.convert(tmp_path / "good.docx", "x/good.docx")


def test_a_file_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    write_docx(tmp_path / "slow.docx")
    with Converter(0.01, 2_000) as converter, pytest.raises(DocumentError, match="took over"):
        converter.convert(tmp_path / "slow.docx", "x/slow.docx")
