"""Which request a conversation has come to: answers, open questions, corrections."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.answers import is_bare_name
from agent.wish import read_wish, waiting_question
from agent.words import say
from core.chat import ChatMessage
from tests.generated import quick

WHO = say("ask_person", "en")
WHICH = say("ask_which_person", "en", names="1. Jan Bos (E1021, Finance)\n2. Jan de Boer (E1020, Nautical Affairs)")


def talk(*texts: str) -> list[ChatMessage]:
    """A talk in which person and desk take turns."""
    roles = ("user", "assistant")
    return [ChatMessage(roles[n % 2], text) for n, text in enumerate(texts)]  # type: ignore[arg-type]


def test_an_answer_belongs_to_the_request_it_was_asked_about() -> None:
    wish = read_wish(talk("reset a colleague's password", WHO, "Tom Bakker"), "en")
    assert (wish.text, wish.answers) == ("reset a colleague's password", ("Tom Bakker",))


def test_a_question_in_between_leaves_the_first_one_open() -> None:
    asked = talk("reset a colleague's password", WHO, "how long must a password be?")
    assert read_wish(asked, "en").answers == ()
    assert waiting_question(asked) == WHO


def test_a_name_after_the_interruption_resumes_the_request() -> None:
    answer = f"At least 14 characters.\n\n{say('still_waiting', 'en', question=WHO)}"
    resumed = talk("reset a colleague's password", WHO, "how long must a password be?", answer, "jan bakker")
    wish = read_wish(resumed, "en")
    assert (wish.text, wish.answers) == ("reset a colleague's password", ("jan bakker",))
    assert waiting_question(resumed) is None


def test_another_question_after_the_interruption_is_still_a_question() -> None:
    going_on = talk("reset a colleague's password", WHO, "how long must a password be?", "14.", "verlof bij verhuizing")
    assert read_wish(going_on, "en").answers == ()
    assert waiting_question(going_on) == WHO


def test_what_was_dropped_waits_no_longer() -> None:
    after = talk("reset a colleague's password", WHO, "never mind", "All right.", "how much leave do I get?")
    assert waiting_question(after) is None


def test_a_chain_of_answers_is_read_in_order_with_what_was_chosen() -> None:
    wish = read_wish(talk("reset a colleague's password", WHO, "jan", WHICH, "the second"), "en")
    assert wish.answers == ("jan", "Jan de Boer (E1020, Nautical Affairs)")


def test_a_correction_points_at_the_request_before() -> None:
    wish = read_wish(talk("open a ticket for my screen", "Please check this draft.", "make that HR"), "en")
    assert wish.corrects is not None
    assert (wish.corrects.text, wish.correction) == ("open a ticket for my screen", "HR")


TEXTS = st.sampled_from(
    [WHO, WHICH, say("ask_ticket", "nl"), "2", "no, tom", "Tom", "never mind", "hoe?", "ja"]
) | st.text(max_size=30)


@quick(300)
@given(st.lists(TEXTS, min_size=1, max_size=12))
def test_no_conversation_stops_the_reader(texts: list[str]) -> None:
    talked = talk(*texts) if len(texts) % 2 else talk(*texts, "so?")
    said = {message.text for message in talked if message.role == "user"}
    asked = {message.text for message in talked if message.role == "assistant"}
    assert read_wish(talked, "en").text in said
    assert waiting_question(talked) in {None, *asked}


def test_a_name_is_told_from_a_request() -> None:
    for text in ("Jan Bakker", "priya raman", "E1020", "it is Tom Bakker", "jan de boer"):
        assert is_bare_name(text), text
    for text in ("reset the password of Tom Bakker", "printer doet het niet", "my screen is black", "hoeveel verlof"):
        assert not is_bare_name(text), text
