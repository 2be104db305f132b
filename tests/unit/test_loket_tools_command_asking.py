"""The interview's questions, what is proposed as an answer, and what a language model may suggest."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.chat import ChatMessage, ModelTurn, ToolSchema
from core.errors import ConfigError, ModelError
from core.risk import Risk
from loket.command.adding import soundness
from loket.command.adding.asking import Asker, Question, lines_of, pairs_of
from loket.command.adding.earlier import earlier_of
from loket.command.adding.example import value_of
from loket.command.adding.files import DEEPEST, refuse_deep
from loket.command.adding.sources import reference_of
from loket.command.adding.suggesting import suggested
from loket.command.adding.templates import examples_of, title_of
from loket.command.prompting import typed
from tests.added_room import reading
from tools.added.arguments_of import arguments_of

RISK = Question("risk", "Risk", "Why it is asked.", "write", ("write", "sensitive"))


def test_a_question_is_answered_by_the_operation_then_by_the_file_then_at_the_terminal() -> None:
    given_ = {"GET /leave": {"risk": "sensitive"}, "risk": "write"}
    assert Asker(given_).ask(RISK, "GET /leave") == "sensitive"
    assert Asker(given_).ask(RISK, "GET /other") == "write"
    assert Asker({}, lambda question: "sensitive").ask(RISK) == "sensitive"
    assert Asker({}).ask(RISK) == "write"


def test_an_answer_that_is_no_choice_and_one_that_nobody_asks_for_are_told() -> None:
    with pytest.raises(ConfigError, match="none of: write, sensitive"):
        Asker({"risk": "read"}).ask(RISK)
    asker = Asker({"rissk": "write"})
    asker.ask(RISK)
    with pytest.raises(ConfigError, match="rissk"):
        asker.refuse_unused()


def test_lists_and_pairs_are_read_from_one_line() -> None:
    assert lines_of(" one ; two;; ") == ["one", "two"]
    assert pairs_of("bindings", "a=b; c = d") == {"a": "b", "c": "d"}
    with pytest.raises(ConfigError, match="NAME=VALUE"):
        pairs_of("bindings", "a")


@pytest.mark.parametrize(
    "text", ["hunter2", "env:LOKET_DATABASE_URL", "file:../../x", "env:", "vault:x", "file:/etc/x"]
)
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="no reference"):
        reference_of(text)


@pytest.mark.parametrize("name", ["get_leave_balance", "book_room", "renew_my_pass", "list_courses", "x"])
@pytest.mark.parametrize("risk", [Risk.READ, Risk.WRITE, Risk.CRITICAL])
@pytest.mark.parametrize("owned", [True, False])
def test_enough_examples_are_proposed_in_each_language_and_none_in_both(name: str, risk: Risk, owned: bool) -> None:
    found = examples_of(name, risk, owned=owned)
    assert len(found["en"]) >= 5
    assert len(found["nl"]) >= 5
    assert not set(found["en"]) & set(found["nl"])
    assert title_of(name)["en"][0].isupper()


@pytest.mark.parametrize(
    ("name", "english", "in_dutch"),
    [
        ("get_leave_balance", "Leave balance", "Verlofsaldo"),
        ("book_meeting_room", "Book meeting room", "Vergaderzaal boeken"),
        ("opening_hours", "Opening hours", "Openingsuren"),
    ],
)
def test_a_title_says_what_it_is_about_in_words_people_use(name: str, english: str, in_dutch: str) -> None:
    assert title_of(name) == {"en": english, "nl": in_dutch}


def test_nobody_asks_for_their_own_of_what_belongs_to_all() -> None:
    found = examples_of("opening_hours", Risk.READ, owned=False)
    assert not any(line.startswith(("what is my", "wat is mijn")) for lines in found.values() for line in lines)


# --- what a model may suggest --------------------------------------------------------------------------------------


class Says:
    """A model that says one thing, and remembers what it was shown."""

    name = "says"

    def __init__(self, text: str) -> None:
        self._text = text
        self.shown = ""

    async def complete(self, messages: Sequence[ChatMessage], tools: Sequence[ToolSchema]) -> ModelTurn:
        self.shown = "\n".join(message.text for message in messages)
        if not self._text:
            raise ModelError("nothing")
        return ModelTurn(self._text)


async def test_a_models_lines_are_taken_cleaned() -> None:
    said = {"en": ["my leave; please", "my leave; please", 7, "le\u200bave"], "nl": ["mijn verlof"]}
    found = await suggested(Says(f"Sure! {json.dumps(said)} Bye"), "leave", "Hours of leave.", Risk.READ)
    assert found == {"en": ["my leave, please", "leave"], "nl": ["mijn verlof"]}


@pytest.mark.parametrize("text", ["", "no", "[]", "{", '{"en": "all", "nl": []}', '{"en": [1]}', "{" * 5_000])
async def test_a_model_that_gives_nothing_usable_changes_nothing(text: str) -> None:
    found = await suggested(Says(text), "leave_balance", "Hours of leave.", Risk.READ)
    assert found == examples_of("leave_balance", Risk.READ)


async def test_a_model_elsewhere_sees_no_personal_number() -> None:
    model = Says("{}")
    await suggested(model, "leave", "Leave of NL91ABNA0417164300, ask jan@mail.example.", Risk.READ)
    assert "NL91ABNA0417164300" not in model.shown
    assert "jan@mail.example" not in model.shown


# --- values for the card, and files --------------------------------------------------------------------------------

SMALL = st.integers(-9, 9)
TEXTS = st.tuples(st.integers(0, 60), st.integers(1, 90)).map(
    lambda one: {"type": "string", "minLength": one[0], "maxLength": sum(one)}
)
NUMBERS = st.tuples(SMALL, st.integers(0, 9)).map(
    lambda one: {"type": "integer", "minimum": one[0], "maximum": sum(one)}
)
SHAPES = st.one_of(
    TEXTS,
    NUMBERS,
    SMALL.map(lambda high: {"type": "number", "maximum": high}),
    st.just({"type": "boolean"}),
    st.just({"type": "string", "format": "date"}),
    st.just({"type": "string", "enum": ["a", "b"]}),
    st.just({"type": "array", "items": {"type": "string"}, "minItems": 2}),
    st.just({"type": "object", "properties": {"inner": {"type": "integer"}}, "required": ["inner"]}),
)


@given(SHAPES)
def test_a_made_up_value_fits_its_schema(shape: dict[str, object]) -> None:
    model = arguments_of("t", {"type": "object", "properties": {"one": shape}, "required": ["one"]})
    model.model_validate({"one": value_of(shape)})


@given(st.text(alphabet="[]{} a\n", max_size=400))
def test_depth_is_counted_before_anything_reads_it(text: str) -> None:
    try:
        refuse_deep(text, "x")
    except ConfigError:
        assert text.count("[") + text.count("{") > DEEPEST or " " * 4 * DEEPEST in text


# --- at the terminal -----------------------------------------------------------------------------------------------


def test_a_wrong_answer_is_told_and_asked_again_and_the_others_stay() -> None:
    typed, told = iter(["often", "3/week", "3/day"]), list[str]()
    asker = Asker({}, lambda question: next(typed), told.append)
    question = Question("rate_limit", "At most", "Why.", "5/day", sound=soundness.rate_limit)
    assert asker.ask(question) == "3/day"
    assert len(told) == 2
    assert all("5/minute, 5/hour or 5/day" in line for line in told)


def test_a_spelling_mistake_is_told_with_what_was_probably_meant() -> None:
    asker = Asker({"exampels_en": "x"})
    asker.ask(Question("examples_en", "Examples", "Why.", "a"))
    with pytest.raises(ConfigError, match="Did you mean 'examples_en'"):
        asker.refuse_unused()
    with pytest.raises(ConfigError, match=r"Did you mean 'requester\.employee_id'"):
        soundness.bindings("who=requester.employee", ["who"], ())


def test_an_example_is_typed_as_its_schema_has_it() -> None:
    shapes = {
        "phone": {"type": "string", "maxLength": 20},
        "often": {"type": "integer"},
        "sure": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
    }
    arguments = {"type": "object", "properties": shapes, "required": []}
    found = soundness.example('phone=0612345678; often=3; sure=yes; tags=["a", "b"]', arguments)
    assert found == {"phone": "0612345678", "often": 3, "sure": True, "tags": ["a", "b"]}
    for wrong in ("often=²", "sure=perhaps", "phnoe=1"):
        with pytest.raises(ConfigError, match="example"):
            soundness.example(wrong, arguments)


def test_ctrl_c_ends_a_question_at_once_also_inside_a_running_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    def pressed(*_: object, **__: object) -> str:
        signal.raise_signal(signal.SIGINT)
        return "the question went on"

    monkeypatch.setattr("typer.prompt", pressed)

    async def asking() -> str:
        return typed("Name")

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(asking())


# --- what is added anew --------------------------------------------------------------------------------------------


def test_a_source_that_is_added_again_is_found_whatever_it_says_of_itself_now() -> None:
    document = reading(source={"server": "https://hr.example.gov", "method": "get", "path": "/leave", "operation": {}})
    now = {"kind": "openapi", "source": {**document.source, "operation": {"summary": "New"}}}
    assert earlier_of(now, [document]) is document
    assert earlier_of({**now, "source": {**now["source"], "path": "/other"}}, [document]) is None
    assert earlier_of({**now, "kind": "mcp"}, [document]) is None
