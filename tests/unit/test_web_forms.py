"""Whatever ids a source makes up, what becomes of them fits its column and is nobody else's."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from agent.tables import inbox
from core.events import Message
from storage.tables import outbox, text_lengths
from tests.door_room import event
from web_app.forms import ClickForm, EventForm
from web_app.keys import Keys
from web_app.tables import door_calls, posts

NOW = datetime(2026, 11, 26, tzinfo=UTC)
_LETTERS = st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=":")


def ids(longest: int) -> st.SearchStrategy[str]:
    """What the door takes as an id."""
    return st.text(_LETTERS, min_size=1, max_size=longest)


SOURCES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,39}", fullmatch=True)
PLACES = st.tuples(SOURCES, ids(100), st.none() | ids(64).filter(lambda thread: thread != "-"), ids(60), ids(120))


def _message(place: tuple[str, str, str | None, str, str]) -> Message:
    source, room, thread, user, event_id = place
    return EventForm(**event(event_id, user, "hello", **{"room": room, "thread": thread})).message(source, NOW)


@given(PLACES)
def test_the_longest_ids_fit_every_column(place: tuple[str, str, str | None, str, str]) -> None:
    message = _message(place)
    assert Keys.is_source(place[0].encode())
    assert len(message.event_id) <= text_lengths(inbox)["event_id"]
    assert len(message.partition) <= text_lengths(inbox)["partition"]
    assert len(f"turn:{message.event_id}:99") <= min(text_lengths(outbox)["key"], text_lengths(posts)["key"])
    assert len(message.event_id) <= text_lengths(door_calls)["call_id"]
    assert len(message.address.room) <= text_lengths(posts)["room"]
    assert len(message.address.user) <= text_lengths(posts)["reader"]


@given(PLACES, PLACES)
def test_two_places_never_share_an_event_or_a_conversation(
    one: tuple[str, str, str | None, str, str], other: tuple[str, str, str | None, str, str]
) -> None:
    first, second = _message(one), _message(other)
    assert (first.event_id == second.event_id) == ((one[0], one[4]) == (other[0], other[4]))
    assert (first.partition == second.partition) == (one[:4] == other[:4])


@given(st.text(max_size=50), st.sampled_from(["id", "user", "room", "action_id"]))
def test_any_text_as_an_id_is_taken_as_it_is_or_refused(text: str, name: str) -> None:
    sound = {"id": "1", "user": "u", "room": "r", "action_id": "a" * 36, "verb": "approve"}
    try:
        form = ClickForm.model_validate({**sound, name: text})
    except ValueError:
        return
    assert getattr(form, name) == text
    assert text.isascii()
    assert ":" not in text
    assert text.isprintable()
    assert " " not in text
