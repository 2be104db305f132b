"""Tools from packages that are installed beside Loket: ten lines are enough, and what changed or misbehaves is off."""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigError, ConnectorError, EffectUnknown, ToolRetry
from core.ports import Passage
from tests.tool_room import PASSAGE, ToolRoom
from tools.added import python_import
from tools.added.document import ToolDocument, canonical, from_canonical
from tools.added.kinds import Way
from tools.added.python_kind import KIND
from tools.added.python_reading import bind, read_package
from tools.loaded import LoadedTool

assert Passage  # the type of what no added tool may give to cite
ROOT = Path(__file__).parents[2]
NUMBERS = itertools.count(1)
READS = '''
from loket import Found, Risk, ShortText, ToolContext, tool

@tool(risk=Risk.READ)
async def {name}(ctx: ToolContext, site: ShortText) -> Found:
    """When the counter of a building is open. Not for rules."""
    return Found(f"{{site}}: nine to five")
'''
WRITES = '''
from loket import ActionContext, Draft, Effect, Risk, ShortText, tool

@tool(risk=Risk.SENSITIVE, groups=frozenset({{"it-approvers", "admins"}}))
async def {name}(ctx: ActionContext, site: ShortText) -> Effect:
    """Close the counter of a building for a day. Not for good."""
    {body}
'''


class Packages:
    """Packages as pip leaves them, in a folder that Python looks into."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, code: str, *, version: str = "1.0", **more: str) -> str:
        """One package with one module and one tool of the same name."""
        name = more.get("name") or f"counter_hours_{next(NUMBERS)}"
        (self.folder / f"{name}.py").write_text(code.replace("{name}", name) if "{name}" in code else code)
        info = self.folder / f"{name}-{version}.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        point = more.get("point", f"{name}:{name}")
        (info / "entry_points.txt").write_text(f"[loket.tools]\n{name} = {point}\n")
        (info / "RECORD").write_text(f"{name}.py,,\n{info.name}/METADATA,,\n{info.name}/entry_points.txt,,\n")
        return name


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Packages]:
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield Packages(tmp_path)
    for name in set(sys.modules) - before:
        if name.startswith("counter_hours_"):
            del sys.modules[name]


def code(template: str, name: str = "{name}", body: str = "return Effect('1')") -> str:
    return template.replace("{body}", body).replace("{{", "{").replace("}}", "}").replace("{name}", name)


def document(package: str, bindings: dict[str, str] | None = None, **changes: Any) -> ToolDocument:
    (proposal,) = read_package(package)
    values = bind(proposal, bindings) if bindings else dict(proposal.values)
    said = {
        "title": {"en": "Opening hours", "nl": "Openingstijden"},
        "examples": {"en": ["open when", "opening hours", "is it open"], "nl": ["wanneer open", "open", "tijden"]},
        "rule": {} if values["risk"] == "read" else {"tier": values["risk"], "approvers": ["it-approvers"]},
    }
    return ToolDocument.model_validate({**values, **said, **changes})


def loaded(one: ToolDocument) -> LoadedTool:
    return KIND.load(from_canonical(canonical(one)), Way())


# --- what it does ------------------------------------------------------------------------------------------------


async def test_ten_lines_are_a_tool(packages: Packages, tmp_path: Path) -> None:
    name = packages.install(code(READS))
    room = ToolRoom(tmp_path / "world")
    room.registry._tools[name] = loaded(document(name))
    found = await room.ask("E1001", name, site="Utrecht")
    assert found.text == "Utrecht: nine to five"
    assert await KIND.drifted(document(name), Way()) == ""


async def test_the_example_package_is_installed_with_pip_and_works(packages: Packages, tmp_path: Path) -> None:
    copied = tmp_path / "copy"
    copied.mkdir()
    for file in (ROOT / "examples" / "opening_hours_package").glob("*.*"):
        (copied / file.name).write_bytes(file.read_bytes())
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-build-isolation"]
    command = [*pip, "--target", str(packages.folder), str(copied)]
    await asyncio.to_thread(subprocess.run, command, check=True, timeout=120)
    room = ToolRoom(tmp_path / "world")
    room.registry._tools["opening_hours"] = loaded(document("loket-opening-hours"))
    assert "8:00" in (await room.ask("E1001", "opening_hours", site="The Hague")).text
    lines = (ROOT / "examples" / "opening_hours_package" / "opening_hours.py").read_text().strip().splitlines()
    assert len(lines) <= 14


async def test_a_bound_parameter_comes_from_the_verified_person(packages: Packages, tmp_path: Path) -> None:
    name = packages.install(
        code(READS).replace("site: ShortText", "employee_no: ShortText").replace("{site}", "{employee_no}")
    )
    with pytest.raises(ConfigError, match="bind it"):
        loaded(document(name))
    room = ToolRoom(tmp_path / "world")
    one = document(name, {"employee_no": "requester.employee_id"})
    room.registry._tools[name] = loaded(one)
    assert one.properties == {}
    found = await room.ask("E1001", name)
    assert found.text.startswith("E1001")
    assert found.personal
    with pytest.raises(ToolRetry):
        await room.ask("E1001", name, employee_no="E1002")


# --- drift -------------------------------------------------------------------------------------------------------


async def test_whatever_of_the_package_changes_switches_it_off(packages: Packages) -> None:
    name = packages.install(code(READS))
    one = document(name)
    file = packages.folder / f"{name}.py"
    before = file.read_text()
    file.write_text(before + "\n")
    assert "not the one that was released" in await KIND.drifted(one, Way())
    with pytest.raises(ConfigError, match="not what was released"):
        loaded(one)
    file.write_text(before)
    assert await KIND.drifted(one, Way()) == ""
    info = packages.folder / f"{name}-1.0.dist-info"
    (info / "entry_points.txt").write_text(f"[loket.tools]\n{name} = os:system\n")
    assert "somewhere else" in await KIND.drifted(one, Way())
    (info / "entry_points.txt").write_text(f"[loket.tools]\n{name} = {name}:{name}\n")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.1\n")
    assert "1.1" in await KIND.drifted(one, Way())
    for gone in (*info.iterdir(),):
        gone.unlink()
    info.rmdir()
    assert "not installed" in await KIND.drifted(one, Way())


@pytest.mark.parametrize(
    "field", ["distribution", "release", "entry_point", "module", "attribute", "files", "declaration"]
)
def test_every_field_of_what_is_pinned_counts(packages: Packages, field: str) -> None:
    name = packages.install(code(READS))
    one = document(name)
    source = json.loads(json.dumps(one.source))
    pinned = source[field]
    if field == "files":
        source[field] = {path: "0" * 64 for path in pinned}
    elif field == "declaration":
        source[field] = {**pinned, "risk": "write"}
    else:
        source[field] = {"module": "os", "attribute": "Found"}.get(field, "other")
    with pytest.raises(ConfigError):
        loaded(one.model_copy(update={"source": source}))


# --- attacks: the module -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("raise RuntimeError('secret-canary')", "RuntimeError"),
        ("import sys; sys.exit(3)", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("import no_such_module_at_all", "ModuleNotFoundError"),
        ("def broken(:", "SyntaxError"),
    ],
)
def test_a_module_that_ends_badly_is_off_and_its_words_stay_out(packages: Packages, bad: str, why: str) -> None:
    good, other = packages.install(code(READS)), packages.install(code(READS))
    one, beside = document(good), document(other)
    name = packages.install(bad)
    source = {**one.source, "distribution": name, "entry_point": name, "module": name, "attribute": name}
    source["files"] = {f"{name}.py": _hash(packages.folder / f"{name}.py")}
    with pytest.raises(ConfigError, match=why) as told:
        loaded(one.model_copy(update={"source": source}))
    assert "canary" not in str(told.value)
    assert loaded(beside).name == other


@pytest.mark.timed
def test_a_module_that_hangs_is_given_up(packages: Packages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python_import, "SECONDS", 0.2)
    name = packages.install("import threading\nthreading.Event().wait(3)\n")
    began = time.monotonic()
    with pytest.raises(ConfigError, match="longer than"):
        python_import.import_within(name, packages.folder / f"{name}.py", 0.2)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("module", ["os", "json", "loket", "tools.builtin.create_ticket", "core.errors", "storage"])
def test_a_package_that_points_into_other_code_is_refused(packages: Packages, module: str) -> None:
    name = packages.install(code(READS), point=f"{module}:create_ticket")
    with pytest.raises(ConfigError):
        read_package(name)


def test_a_package_whose_name_python_finds_elsewhere_is_refused(
    packages: Packages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = packages.install(code(READS))
    one = document(name)
    del sys.modules[name]
    shadow = tmp_path / "shadow"
    shadow.mkdir()
    (shadow / f"{name}.py").write_text(code(READS, name))
    monkeypatch.syspath_prepend(str(shadow))
    with pytest.raises(ConfigError, match="not the one of the package"):
        loaded(one)


def test_nothing_of_a_package_is_imported_before_somebody_asks(packages: Packages) -> None:
    name = packages.install(code(READS))
    one = ToolDocument.model_construct(source={"distribution": name}, name=name)
    with pytest.raises(ConfigError):
        KIND.load(one, Way())
    assert name not in sys.modules


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("name = 1\n{name} = 2", "no tool"),
        ("def {name}(): pass", "no tool"),
        ("", "no tool"),
    ],
)
def test_what_is_no_tool_is_told(packages: Packages, line: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        read_package(packages.install(line))


def test_a_package_without_entry_points_or_that_is_not_there_is_told(packages: Packages) -> None:
    for package, why in (("pytest", "names no tools"), ("no-such-package", "not installed"), ("", "not installed")):
        with pytest.raises(ConfigError, match=why):
            read_package(package)


# --- attacks: the document ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"risk": "write", "rule": {"tier": "write"}}, "tighten"),
        ({"groups": ["all-staff"]}, "no others"),
        ({"subject": "requester"}, "subject"),
        ({"name": "something_else"}, "name of its function"),
        ({"arguments": {"type": "object", "properties": {}}}, "arguments"),
    ],
)
def test_a_document_only_tightens_what_the_function_declares(
    packages: Packages, changes: dict[str, Any], why: str
) -> None:
    name = packages.install(code(WRITES))
    with pytest.raises(ConfigError, match=why):
        loaded(document(name, **changes))
    tool = loaded(document(name, groups=["admins"], risk="critical", rule={"tier": "critical"})).tool
    assert (tool.risk.value, tool.groups) == ("critical", frozenset({"admins"}))


def test_a_function_that_takes_an_approval_or_issues_a_credential_is_refused(packages: Packages) -> None:
    with pytest.raises(ConfigError):
        read_package(packages.install(code(READS).replace("site: ShortText", "approver: ShortText")))
    name = packages.install(code(READS).replace("risk=Risk.READ", "risk=Risk.READ, proof=True"))
    (proposal,) = read_package(name)
    assert proposal.problems
    with pytest.raises(ConfigError, match="built-in"):
        loaded(document(name))


# --- attacks: running --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", ["raise SystemExit(1)", "raise RuntimeError('canary')", "return 'a text'"])
async def test_what_a_reading_tool_does_wrong_is_an_outside_system_that_fails(
    packages: Packages, tmp_path: Path, body: str
) -> None:
    name = packages.install(code(READS).replace('return Found(f"{site}: nine to five")', body))
    room = ToolRoom(tmp_path / "world")
    room.registry._tools[name] = loaded(document(name))
    with pytest.raises(ConnectorError) as told:
        await room.ask("E1001", name, site="x")
    assert "canary" not in str(told.value)


@pytest.mark.parametrize("body", ["raise SystemExit(1)", "raise RuntimeError('canary')", "return None"])
async def test_what_a_changing_tool_does_wrong_may_have_happened(packages: Packages, tmp_path: Path, body: str) -> None:
    name = packages.install(code(WRITES, body=body))
    room = ToolRoom(tmp_path / "world")
    room.registry._tools[name] = loaded(document(name, groups=["admins"]))
    with pytest.raises(EffectUnknown):
        await room.act("E1001", name, site="x")


async def test_what_it_found_is_cut_made_visible_and_never_cited(packages: Packages, tmp_path: Path) -> None:
    body = 'return Found("\\u202e\\U000e0041" + "word " * 2000, passages=(PASSAGE,))'
    name = packages.install(
        "from tests.tool_room import PASSAGE\n" + code(READS).replace('return Found(f"{site}: nine to five")', body)
    )
    room = ToolRoom(tmp_path / "world")
    room.registry._tools[name] = loaded(document(name))
    found = await room.ask("E1001", name, site="x")
    assert len(found.text) <= 4000
    assert "\u202e" not in found.text
    assert found.passages == ()
    assert PASSAGE.text not in found.text


def _hash(file: Path) -> str:
    import hashlib

    return hashlib.sha256(file.read_bytes()).hexdigest()
