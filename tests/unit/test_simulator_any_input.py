"""Whatever is sent to the simulated Slack, it judges: it takes it, or refuses it by name, and never breaks."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from simulators.slack import SlackSimulator, reading
from simulators.slack.drawing import draw_blocks
from simulators.slack.limits.manifests import faults_of
from simulators.slack.limits.messages import check_blocks, check_chunks, check_metadata
from simulators.slack.limits.views import check_view
from simulators.slack.message import SimMessage
from simulators.slack.refusal import SlackRefusal
from simulators.slack.world import World

TYPES = [
    "section", "header", "divider", "context", "actions", "input", "markdown", "context_actions", "image", "rich_text",
    "alert", "plan", "task_card", "table", "card", "button", "static_select", "checkboxes", "overflow", "plain_text",
    "mrkdwn", "feedback_buttons", "plain_text_input", "rich_text_section", "modal", "home", "task_update", "blocks",
    "container", "carousel",
]  # fmt: skip
KEYS = [
    "type", "text", "elements", "element", "fields", "accessory", "label", "options", "value", "action_id", "block_id",
    "title", "blocks", "rows", "tasks", "positive_button", "negative_button", "url", "alt_text", "image_url", "style",
    "id", "task_id", "status", "confirm", "submit", "chunks", "child_blocks",
]  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers(-2, 5) | st.sampled_from(TYPES) | st.text(max_size=8)
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
        | st.tuples(st.sampled_from(TYPES), st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)).map(
            lambda pair: {**pair[1], "type": pair[0]}
        )
    ),
    max_leaves=25,
)

PLAIN = st.text(min_size=1, max_size=20).map(lambda text: {"type": "plain_text", "text": text})
MRKDWN = st.text(min_size=1, max_size=40).map(lambda text: {"type": "mrkdwn", "text": text})
BUTTON = st.builds(lambda text, value: {"type": "button", "text": text, "value": value}, PLAIN, st.text(max_size=5))
BLOCK = st.one_of(
    st.builds(lambda text: {"type": "section", "text": text}, MRKDWN | PLAIN),
    st.builds(lambda text: {"type": "header", "text": text}, PLAIN),
    st.builds(lambda texts: {"type": "context", "elements": texts}, st.lists(MRKDWN | PLAIN, min_size=1, max_size=10)),
    st.builds(lambda buttons: {"type": "actions", "elements": buttons}, st.lists(BUTTON, min_size=1, max_size=25)),
    st.builds(lambda text: {"type": "markdown", "text": text}, st.text(min_size=1, max_size=60)),
)


def judged(check: Any, value: Any) -> bool:
    try:
        check(value)
    except SlackRefusal:
        return False
    return True


@given(JSON)
def test_any_json_as_blocks_is_judged_and_what_is_taken_can_be_shown(value: Any) -> None:
    if judged(check_blocks, value) and value:
        world = World(SlackSimulator(None, echo=False).world.manifest)
        named = world.name_blocks(value)
        draw_blocks(named, {})
        message = SimMessage("C1", "1.0", "UBOT", "TDHB", "t", named)
        assert (message.would_notify, message.links, message.images, message.would_unfurl) is not None


@given(JSON)
def test_any_json_as_a_form_chunks_or_metadata_is_judged(value: Any) -> None:
    judged(lambda view: check_view(view, "modal", "home"), value)
    judged(check_chunks, value)
    judged(check_metadata, value)


@given(st.dictionaries(st.sampled_from(["features", "settings", "oauth_config", "display_information"]), JSON))
def test_any_json_as_a_manifest_is_judged(value: Any) -> None:
    assert isinstance(faults_of(value), list)


@given(st.lists(BLOCK, max_size=12))
def test_blocks_within_every_limit_are_taken_and_drawn_in_full(blocks: list[Any]) -> None:
    check_blocks(blocks)
    world = World(SlackSimulator(None, echo=False).world.manifest)
    drawn = "\n".join(draw_blocks(world.name_blocks(blocks), {}))
    for block in blocks:
        for button in block["elements"] if block["type"] == "actions" else ():
            assert f"[{button['text']['text']}]" in drawn


@given(st.text())
def test_what_a_person_types_comes_escaped_and_is_read_as_typed(text: str) -> None:
    sent = reading.typed(text)
    bare = sent
    for match in reading._TOKEN.finditer(sent):
        bare = bare.replace(match.group(0), "")
    assert "<" not in bare
    assert ">" not in bare


def test_what_a_person_types_as_markup_stays_and_addresses_become_links() -> None:
    assert reading.typed("<@UBOT> R&D < 3") == "<@UBOT> R&amp;D &lt; 3"
    assert reading.typed("zie https://a.example/x?a=1&b=2.") == "zie <https://a.example/x?a=1&amp;b=2>."
    assert reading.typed("mail tom@example.nl") == "mail <mailto:tom@example.nl|tom@example.nl>"
    assert reading.shown("mail <mailto:tom@example.nl|tom@example.nl>") == "mail tom@example.nl"
