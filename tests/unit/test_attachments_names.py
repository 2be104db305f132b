"""A file's name is a stranger's word, and its type a claim: neither can point, hide, turn, or pass for another kind."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.file_names import KINDS, MEGABYTE, is_what_it_claims, kind_of, plain_name, size_in_words, with_ending
from slack_app.attached import attachments
from slack_app.guard import Origin
from tests.files_sent import EXE, PDF, PNG, TEXT

OFFICE = "application/vnd.openxmlformats-officedocument"
NAMES = st.text(st.characters(codec=None), max_size=300)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\Windows\\System32\\drivers\\etc\\hosts", "hosts"),
        ("C:\\Users\\tom\\scan.pdf", "scan.pdf"),
        ("a\u2044b\uff0fc.pdf", "c.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("scan\u200b\u2066.pdf", "scan.pdf"),
        ("scan\x00\x1b[31m.pdf", "scan 31m.pdf"),
        ("line\r\nSet-Cookie: x.pdf", "line Set-Cookie x.pdf"),
        ('"; filename="evil.exe', "filename= evil.exe"),
        ("<!channel> <@U012>.png", "channel U012.png"),
        ("[click](https://evil.example/x).pdf", "x).pdf"),
        ("CON.txt", "_CON.txt"),
        ("lpt1", "_lpt1"),
        (".htaccess", "htaccess"),
        ("scan.pdf. . .", "scan.pdf"),
        ("...", "file"),
        ("", "file"),
        ("/", "file"),
        ("verslag (def) é.docx", "verslag (def) é.docx"),
    ],
)
def test_a_name_is_a_name_and_nothing_else(sent: str, kept: str) -> None:
    assert plain_name(sent) in (kept, kept.replace(" .", "."))


@given(NAMES)
def test_no_name_ever_points_hides_or_turns(sent: str) -> None:
    name = plain_name(sent)
    assert name
    assert len(name) <= 100
    assert not set(name) & set('/\\<>:"|?*`[]{}@\r\n\t\0')
    assert name[0] not in ". "
    assert name[-1] not in ". "
    assert not any(
        unicodedata.category(letter) in ("Cc", "Cf", "Cs") for letter in name if not "\u0600" <= letter <= "\u0dff"
    ), name
    assert plain_name(name) == name, "what is clean stays as it is"


@pytest.mark.parametrize("extension", [*KINDS])
def test_a_long_name_keeps_its_kind(extension: str) -> None:
    name = plain_name(f"{'x' * 400}.{extension}")
    assert len(name) == 100
    assert name.endswith(f".{extension}")


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("invoice.pdf.exe", "application/pdf"),
        ("invoice.exe", "application/x-msdownload"),
        ("invoice\u202efdp.exe", "application/pdf"),
        ("invoice.pdf", "application/x-msdownload"),
        ("invoice.pdf", "text/html"),
        ("page.html", "text/html"),
        ("drawing.svg", "image/svg+xml"),
        ("macros.docm", "application/vnd.ms-word.document.macroEnabled.12"),
        ("old.doc", "application/msword"),
        ("archive.zip", "application/zip"),
        ("start.lnk", "application/octet-stream"),
        ("run.ps1", "text/plain"),
        ("mail.eml", "message/rfc822"),
        ("passwd", "text/plain"),
        ("a.pdf\uff0eexe", "application/pdf"),
    ],
)
def test_what_could_do_something_when_it_is_opened_is_not_taken(name: str, media_type: str) -> None:
    assert kind_of(name, media_type) is None
    assert not is_what_it_claims(PDF, name, media_type)


@pytest.mark.parametrize(
    ("content", "name", "media_type"),
    [
        (EXE, "invoice.pdf", "application/pdf"),
        (EXE + PDF, "invoice.pdf", "application/pdf"),
        (b"PK\x03\x04" + PDF, "invoice.pdf", "application/pdf"),
        (b"#!/bin/sh\n%PDF-1.7", "invoice.pdf", "application/pdf"),
        (b"<!DOCTYPE html><html>Sign in", "scan.png", "image/png"),
        (b"<!DOCTYPE html><html>Sign in", "notes.txt", "text/plain"),
        (b"\xef\xbb\xbf  <script>alert(1)</script>", "notes.txt", "text/plain"),
        (b'<?xml version="1.0"?><svg onload="x()"/>', "notes.txt", "text/plain"),
        (b"#!/bin/bash\nrm -rf ~", "notes.txt", "text/plain"),
        (EXE, "notes.txt", "text/plain"),
        (b"\x7fELF" + bytes(50), "notes.log", "text/plain"),
        (PNG, "photo.jpg", "image/jpeg"),
        (PDF, "sheet.xlsx", f"{OFFICE}.spreadsheetml.sheet"),
        (b"", "empty.pdf", "application/pdf"),
    ],
)
def test_content_that_is_not_what_it_claims_is_found_out(content: bytes, name: str, media_type: str) -> None:
    assert kind_of(name, media_type) is not None
    assert not is_what_it_claims(content, name, media_type)


@pytest.mark.parametrize(
    ("content", "name", "media_type"),
    [
        (PDF, "Scan.PDF", "application/pdf"),
        (b"\n\n" + PDF, "scan.pdf", "application/octet-stream"),
        (PNG, "image.png", "image/png"),
        (TEXT, "printer.log", "text/plain; charset=utf-8"),
        ("naïef €\n".encode(), "notes.txt", "text/plain"),
        ("naïef €\n".encode("cp1252"), "notes.txt", "text/plain"),
        ("Windows-log\r\n".encode("utf-16"), "setup.log", "text/plain"),
        (b"a;b\r\n1;2\r\n", "list.csv", "text/csv"),
        (b"\xff\xd8\xff\xe0" + bytes(60), "photo.JPEG", "image/jpeg"),
        (b"PK\x03\x04" + bytes(60), "letter.docx", f"{OFFICE}.wordprocessingml.document"),
        (b"\0\0\0\x18ftypmp42" + bytes(60), "screen.mp4", "video/mp4"),
    ],
)  # fmt: skip
def test_what_people_really_send_is_taken(content: bytes, name: str, media_type: str) -> None:
    assert is_what_it_claims(content, name, media_type)


@given(st.binary(max_size=600), st.sampled_from([*KINDS]))
def test_looking_at_content_never_fails(content: bytes, extension: str) -> None:
    assert is_what_it_claims(content, f"a.{extension}", "") in (True, False)


@pytest.mark.parametrize(
    ("size", "said"), [(812, "812 B"), (12_400, "12 kB"), (3_400_000, "3.4 MB"), (999_600, "1.0 MB")]
)
def test_sizes_are_said_in_words(size: int, said: str) -> None:
    assert size_in_words(size) == said


def test_what_a_plain_text_is_said_to_be_gives_it_its_ending_and_nothing_else_one() -> None:
    for said in ("text/plain", "text/plain; charset=utf-8", "TEXT/PLAIN", "text"):
        assert with_ending("notes", said) == "notes.txt"
    assert (with_ending("notes", "csv"), with_ending("notes", "text/markdown")) == ("notes.csv", "notes.md")
    assert with_ending("notes.log", "text/plain") == "notes.log"
    assert with_ending("notes", "application/x-sh") == "notes"


def test_a_file_is_promised_only_up_to_the_size_that_is_fetched() -> None:
    told = {"id": "F1", "name": "scan.pdf", "mimetype": "application/pdf", "url_private": "https://files.slack.com/x"}
    sizes = (10 * MEGABYTE, 10 * MEGABYTE + 1)
    judged = attachments(Origin("TDHB"), [{**told, "size": size} for size in sizes], 10)
    assert [one.unwanted for one in judged] == ["", "size"]
