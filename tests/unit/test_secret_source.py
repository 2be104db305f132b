"""Credentials of added tools are read by reference, from where the operator allows, for one host, and never shown."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest
from pydantic import ValidationError

from connectors.secret_source import SecretPlaces, SecretSource
from core.errors import ConnectorError
from core.secret_reference import SecretReference

SECRET = "Canary-5-secret"
HOST = "hr.example.gov"


def reference(source: str, name: str) -> SecretReference:
    return SecretReference.model_validate({"from": source, "name": name})


def program(text: str) -> tuple[str, ...]:
    return (sys.executable, "-I", "-c", text)


@pytest.fixture
def places(tmp_path: Path) -> SecretPlaces:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "hr").write_text(f"{SECRET}\n")
    (tmp_path / "outside").write_text(SECRET)
    (folder / "leads-out").symlink_to(tmp_path / "outside")
    (folder / "leads-up").symlink_to("../outside")
    (folder / "..data").mkdir()
    (folder / "..data" / "mounted").write_text(SECRET)
    (folder / "mounted").symlink_to("..data/mounted")
    (folder / "folder").mkdir()
    (folder / "huge").write_text("x" * 8_193)
    (folder / "empty").write_text("")
    (folder / "two-lines").write_text(f"{SECRET}\r\nX-Evil: 1")
    (folder / "bytes").write_bytes(b"\xff\xfe")
    os.mkfifo(folder / "pipe")
    return SecretPlaces(
        environment={"LOKET_TOOL_HR": SECRET, "LOKET_GATE_KEY": SECRET, "LOKET_TOOL_EMPTY": "", "HR_TOKEN": SECRET},
        folder=folder,
        commands={
            "vault": program(f"print({SECRET!r})"),
            "args": (*program("import sys; print(len(sys.argv))"), "$(id)", "; id"),
            "fails": program(f"print({SECRET!r}); raise SystemExit(1)"),
            "huge": program("print('x' * 100_000)"),
            "silent": program("pass"),
            "missing": ("no-such-program-anywhere",),
            "nothing": (),
        },
    )


@pytest.mark.parametrize(("source", "name"), [("env", "LOKET_TOOL_HR"), ("file", "hr"), ("command", "vault")])
async def test_a_credential_comes_from_where_it_is_kept(source: str, name: str, places: SecretPlaces) -> None:
    found = await SecretSource(places).read(reference(source, name), HOST)
    assert found.get_secret_value() == SECRET
    assert SECRET not in repr(found) + repr(places)


async def test_a_mounted_secret_is_a_link_within_the_folder(places: SecretPlaces) -> None:
    assert (await SecretSource(places).read(reference("file", "mounted"), HOST)).get_secret_value() == SECRET


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("env", "HR_TOKEN"),
        ("env", "LOKET_TOOL_MISSING"),
        ("env", "LOKET_TOOL_EMPTY"),
        ("env", "loket_tool_hr"),
        ("env", "LOKET_TOOL_"),
        ("file", "missing"),
        ("file", "leads-out"),
        ("file", "leads-up"),
        ("file", "folder"),
        ("file", "huge"),
        ("file", "empty"),
        ("file", "two-lines"),
        ("file", "bytes"),
        ("file", "pipe"),
        ("command", "unknown"),
        ("command", "fails"),
        ("command", "huge"),
        ("command", "silent"),
        ("command", "missing"),
        ("command", "nothing"),
    ],
)
async def test_anything_else_is_refused_without_a_word_of_what_was_read(
    source: str, name: str, places: SecretPlaces
) -> None:
    with pytest.raises(ConnectorError) as caught:
        await SecretSource(places).read(reference(source, name), HOST)
    told = f"{caught.value!r} {caught.value} {caught.value.__cause__!r}"
    assert f"{source}:{name}" in told
    assert SECRET not in told
    assert str(places.folder) not in told


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/b", "..", ".", "", "a\x00", "-rf", "LOKET GATE"])
def test_a_name_that_is_a_path_is_no_reference_at_all(name: str) -> None:
    with pytest.raises(ValidationError):
        reference("file", name)


def test_lokets_own_secrets_are_no_reference_at_all() -> None:
    with pytest.raises(ValidationError):
        reference("env", "LOKET_GATE_KEY")


async def test_a_command_is_no_shell(places: SecretPlaces) -> None:
    found = await SecretSource(places).read(reference("command", "args"), HOST)
    assert found.get_secret_value() == "3"


@pytest.mark.timed
async def test_a_command_that_hangs_is_ended(places: SecretPlaces, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.secret_source.COMMAND_SECONDS", 0.3)
    hangs = SecretPlaces(commands={"slow": program("import time; time.sleep(60)")})
    begun = time.monotonic()
    with pytest.raises(ConnectorError, match="within"):
        await SecretSource(hangs).read(reference("command", "slow"), HOST)
    assert time.monotonic() - begun < 5


async def test_a_command_is_asked_once_a_minute_and_a_file_each_time(places: SecretPlaces, tmp_path: Path) -> None:
    moment = [0.0]
    asked = tmp_path / "asked"
    note = program(f"open({str(asked)!r}, 'a').write('x'); print({SECRET!r})")
    source = SecretSource(SecretPlaces(folder=places.folder, commands={"vault": note}), lambda: moment[0])
    await asyncio.gather(*(source.read(reference("command", "vault"), HOST) for _ in range(3)))
    assert asked.read_text() == "x"
    moment[0] = 61
    await source.read(reference("command", "vault"), HOST)
    assert asked.read_text() == "xx"
    assert places.folder is not None
    (places.folder / "hr").write_text("renewed")
    assert (await source.read(reference("file", "hr"), HOST)).get_secret_value() == "renewed"


async def test_a_second_host_never_gets_what_the_first_one_trusts(places: SecretPlaces) -> None:
    source = SecretSource(places)
    await source.read(reference("env", "LOKET_TOOL_HR"), HOST)
    await source.read(reference("env", "LOKET_TOOL_HR"), HOST)
    with pytest.raises(ConnectorError, match="another host"):
        await source.read(reference("env", "LOKET_TOOL_HR"), "evil.example")


async def test_the_operator_may_say_beforehand_where_a_credential_goes(places: SecretPlaces) -> None:
    fixed = SecretPlaces(environment=places.environment, hosts={"env:LOKET_TOOL_HR": frozenset({HOST})})
    with pytest.raises(ConnectorError, match="may not be sent"):
        await SecretSource(fixed).read(reference("env", "LOKET_TOOL_HR"), "evil.example")
    assert await SecretSource(fixed).read(reference("env", "LOKET_TOOL_HR"), HOST)


async def test_nothing_is_configured_means_nothing_is_read() -> None:
    for source, name in (("env", "LOKET_TOOL_HR"), ("file", "hr"), ("command", "vault")):
        with pytest.raises(ConnectorError):
            await SecretSource(SecretPlaces()).read(reference(source, name), HOST)
