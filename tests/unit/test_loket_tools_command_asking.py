"""The interview's questions, what is proposed as an answer, and what a language model may suggest."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.chat import ChatMessage, ModelTurn, ToolSchema
from core.errors import ConfigError, ModelError
from core.risk import Risk
from loket.command.adding.asking import Asker, Question, lines_of, pairs_of
from loket.command.adding.example import value_of
from loket.command.adding.files import DEEPEST, refuse_deep
from loket.command.adding.sources import reference_of
from loket.command.adding.suggesting import suggested
from loket.command.adding.templates import examples_of, title_of
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
def test_enough_examples_are_proposed_in_each_language_and_none_in_both(name: str, risk: Risk) -> None:
    found = examples_of(name, risk)
    assert len(found["en"]) >= 5
    assert len(found["nl"]) >= 5
    assert not set(found["en"]) & set(found["nl"])
    assert title_of(name)["en"][0].isupper()


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
