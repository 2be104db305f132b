"""A tool is chosen by what was meant; what the tool is given stays as it was typed."""

from __future__ import annotations

import json
import random
import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agent.offers import EXAMPLES
from agent.shorthand import Shorthand
from agent.spelling import RequestSpelling, as_typed
from core.chat import ChatMessage, ModelTurn, ToolSchema
from policies.function_words import telling
from tests.counter import built_in
from tests.unit.test_agent_tool_choice import QUALITY, SCHEMAS
from tests.unit.test_policies_spelling import slip

JARGON = Shorthand(lambda: {"ww": ("wachtwoord", "password"), "zorglog": ("sign-in log",)})


def read(text: str, tools: list[ToolSchema] = SCHEMAS) -> str:
    return RequestSpelling().read(text, tools, JARGON.vocabulary()).text


@pytest.mark.parametrize(
    ("typed", "tool"),
    [
        ("wachtword vergetn", "reset_my_password"),
        ("reset pasword", "reset_my_password"),
        ("prnter kapot", "create_ticket"),
        ("acount geblokeerd", "unlock_my_account"),
        ("authentcator kwijt, nieuwe telfoon", "restore_access"),
    ],
)
def test_a_tool_is_chosen_as_if_the_request_was_written_right(typed: str, tool: str) -> None:
    assert built_in().meant(typed, SCHEMAS) == {tool}


@pytest.mark.slow
def test_one_slip_in_a_request_rarely_changes_the_choice() -> None:
    """The tuning messages, one long word with one slip: of those chosen rightly as written, nine in ten still are."""
    pick = random.Random(20261126)
    cases = yaml.safe_load((QUALITY / "tool-choice-dev.yaml").read_text(encoding="utf-8"))
    tried, lost = 0, []
    for tool, texts in cases.items():
        for text in texts:
            long = [word for word in telling(text) if len(word) >= 5 and word.isalpha()]
            if not long or tool not in built_in().meant(text, SCHEMAS):
                continue
            word = pick.choice(long)
            typed = text.replace(word, slip(word.lower(), pick))
            tried += 1
            if tool not in built_in().meant(typed, SCHEMAS):
                lost.append((tool, typed))
    print(f"{tried - len(lost)} of {tried}")
    assert tried >= 70
    assert len(lost) <= 0.1 * tried, lost


@pytest.mark.parametrize(
    "text",
    [
        "phone number of sanne de vries",
        "reset joosts password",
        "what is the number of marc printter",
        "tel wachtword van henk",
        "IT-104 status",
        "write to acount@dhb.example",
    ],
)
def test_whoever_is_named_keeps_their_name(text: str) -> None:
    named = {"sanne", "vries", "joosts", "marc", "printter", "henk", "104", "acount@dhb.example"}
    put = read(text).split()
    assert [word for word in text.split() if word in named] == [word for word in put if word in named]


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        ("reset joosts pasword", "reset joosts password"),
        ("reset sannes wachtword", "reset sannes wachtwoord"),
        ("reset pasword of joost", "reset password of joost"),
        ("she forgot her pasword", "she forgot her password"),
    ],
)
def test_a_slip_never_makes_somebody_elses_account_ones_own(typed: str, right: str) -> None:
    assert read(typed) == right
    chosen = built_in().meant(typed, SCHEMAS)
    assert chosen == built_in().meant(right, SCHEMAS)
    assert chosen.isdisjoint({"reset_my_password", "unlock_my_account", "restore_access"})


def test_the_words_of_a_tool_that_came_a_minute_ago_are_known() -> None:
    assert read("reserveer de mangrovezaall") == "reserveer de mangrovezaall"
    hall = ToolSchema("book_hall", "Books the hall.", {EXAMPLES: ["mangrovezaal reserveren"]})
    assert read("reserveer de mangrovezaall", [*SCHEMAS, hall]) == "reserveer de mangrovezaal"


def test_the_words_of_the_glossary_are_known() -> None:
    assert read("zorgloog kapot") == "zorglog kapot"


def _turn(text: str) -> ModelTurn:
    messages = [ChatMessage("system", "Today is 2026-11-26."), ChatMessage("user", text)]
    return built_in()._complete(messages, SCHEMAS)


def test_a_ticket_keeps_the_words_it_was_asked_in() -> None:
    [call] = _turn("prnter kapot op kamer 2.14").tool_calls
    assert call.name == "create_ticket"
    assert "prnter" in call.arguments
    assert "printer" not in call.arguments.replace("prnter", "")


def test_a_question_keeps_its_words_for_the_search() -> None:
    [call] = _turn("hoeveel vakntiedagen krijg ik").tool_calls
    assert json.loads(call.arguments)["question"] == "hoeveel vakntiedagen krijg ik"


@given(
    st.lists(
        st.sampled_from(["wachtword", "prnter", "printer", "kapot", "acount", "helpp", "tom", "bakker"]), max_size=8
    )
)
def test_parts_that_were_put_right_go_back_to_what_was_typed(words: list[str]) -> None:
    text = " ".join(dict.fromkeys(words))
    spelled = RequestSpelling().read(text, SCHEMAS, JARGON.vocabulary())
    if "printer" not in words:  # typed both ways, which is which is not kept
        assert as_typed(spelled.text, spelled) == text


@given(st.text(max_size=2_000))
def test_any_request_is_read_quickly(text: str) -> None:
    started = time.process_time()
    read(text)
    assert time.process_time() - started < 1
