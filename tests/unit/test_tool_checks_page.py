"""docs/add-a-tool.md holds: its Python is the example, its YAML is read, its commands run."""

from __future__ import annotations

import re
import shlex
import shutil
import tomllib
from pathlib import Path

import pytest
import typer

from loket.command import tools
from loket.command.adding.files import document_of_text
from tests.command_line import Run
from tools.added.checks import arguments, contract, examples, names, reach, risk, words

pytest_plugins = ["tests.fixtures_command"]

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "add-a-tool.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The blocks of one language, in order; those without one are called `text`."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return [text for name, text in found if (name or "text") == language]


def test_the_ten_line_tool_is_the_example() -> None:
    (code,) = blocks("python")
    assert code == (ROOT / "examples" / "opening_hours_package" / "opening_hours.py").read_text(encoding="utf-8")


def test_every_block_is_one_that_a_test_knows() -> None:
    names_ = {name or "text" for name in re.findall(r"^```(\w*)\n.*?^```$", PAGE, re.MULTILINE | re.DOTALL)}
    assert names_ == {"python", "toml", "yaml", "console", "text"}
    assert len(blocks("yaml")) == 2


def test_the_package_of_the_page_is_the_one_in_the_examples() -> None:
    (page,) = map(tomllib.loads, blocks("toml"))
    example = tomllib.loads((ROOT / "examples" / "opening_hours_package" / "pyproject.toml").read_text("utf-8"))
    assert set(page) == set(example)
    assert page["project"].items() <= example["project"].items()
    assert page["tool"] == example["tool"]


@pytest.mark.parametrize("line", [line for text in [*blocks("console"), *blocks("text")] for line in text.splitlines()])
def test_every_command_of_the_page_exists_with_its_options(line: str) -> None:
    words_ = shlex.split(line.replace("…", "x"))
    assert words_[:2] == ["loket", "tools"]
    command = typer.main.get_command(tools.app).commands[words_[2]]  # type: ignore[attr-defined]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert {word for word in words_ if word.startswith("--")} <= known


README = re.compile(r"^loket tools [^\n#]*", re.MULTILINE)


@pytest.mark.parametrize(
    "line",
    [
        line
        for path in sorted((ROOT / "examples").glob("*/README.md"))
        for line in README.findall(path.read_text("utf-8"))
    ],
)
def test_every_command_of_an_example_exists_with_its_options(line: str) -> None:
    test_every_command_of_the_page_exists_with_its_options(line)


@pytest.mark.slow
def test_every_command_that_stands_by_itself_runs(loket: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    form, answers = blocks("yaml")
    (tmp_path / "parking_permit.yaml").write_text(form, encoding="utf-8")
    (tmp_path / "answers.yaml").write_text(answers, encoding="utf-8")
    for line in "".join(blocks("console")).splitlines():
        code, out, err = loket(*shlex.split(line)[1:])
        assert code == 0, f"{line}\n{out}{err}"
    openapi = "examples/my_leave_balance/openapi.yaml"
    words_ = ("tools", "add", openapi, "--answers", "answers.yaml", "--internal", "--out", "-", "--no-draft")
    code, out, err = loket(*words_, "--set", "name=hours_of_leave")
    assert code == 0, err
    assert "My leave hours" in out


def test_the_form_of_the_page_is_a_document() -> None:
    assert document_of_text(blocks("yaml")[0], "the page").name == "parking_permit"


def test_the_page_names_every_check() -> None:
    rows = {name.strip() for row in re.findall(r"^\| ([a-z, ]+) \|", PAGE, re.MULTILINE) for name in row.split(",")}
    known = {one.CHECK for one in (arguments, contract, examples, names, risk, words)}
    assert {*known, reach.HOSTS, reach.CREDENTIALS, "title", "source", "rule", "approvers", "card"} <= rows
    assert {"rate limit", "version"} <= rows


def test_every_example_is_a_document_and_named_on_the_page_of_examples() -> None:
    page = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    folders = [folder for folder in sorted((ROOT / "examples").iterdir()) if folder.is_dir()]
    assert [folder.name for folder in folders if folder.name not in page and "__" not in folder.name] == []
    for file in sorted((ROOT / "examples").glob("*/*.yaml")):
        if file.name != "openapi.yaml":
            assert document_of_text(file.read_text(encoding="utf-8"), file.name).description
