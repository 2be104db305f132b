"""What people write in Slack becomes what the desk is told, and nothing else does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.attachments import UNWANTED_SIZE, UNWANTED_TYPE
from core.events import Place
from core.people import ChannelIdentity, Standing
from simulators.slack import SimFile
from slack_app import markup, people
from slack_app.listeners import EVENTS
from slack_app.receiving import LISTENERS
from tests.slack_edge import TEAM, Edge, edge, message, wrapped


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Edge]:
    async with edge(tmp_path) as made:
        yield made


async def test_a_direct_chat_is_one_conversation_and_each_question_has_its_anchor(here: Edge) -> None:
    sanne = here.slack.people["UE1002"]
    first = await sanne.dm("how many days of leave do I get?")
    reply = await sanne.dm("and part-time?", thread_ts=first.ts)
    asked, more = here.desk.messages.values()
    assert asked.identity == ChannelIdentity("slack", TEAM, "UE1002")
    assert (asked.address.place, asked.address.thread, asked.address.anchor) == (Place.DIRECT, None, first.ts)
    assert (more.address.anchor, more.text, more.standing) == (first.ts, "and part-time?", Standing.MEMBER)
    assert asked.address.room == sanne.im
    assert asked.partition == more.partition
    assert reply.ts != first.ts
    assert abs(asked.sent_at.timestamp() - float(first.ts)) < 0.001
    assert here.threads() == []


async def test_a_mention_and_its_message_are_one_event(here: Edge) -> None:
    sanne = here.slack.people["UE1002"]
    post = await sanne.post("C0GENERAL", "<@UBOT> how do I report sick?")
    assert here.desk.received == 2
    assert here.desk.texts == ["how do I report sick?"]
    assert here.desk.last.address.thread == post.ts
    assert here.desk.last.address.place is Place.SHARED
    assert here.desk.last.address.anchor == ""
    assert sanne.im not in here.desk.last.event_id


async def test_who_talks_with_the_desk_goes_on_in_the_thread_without_a_mention(here: Edge) -> None:
    sanne, tom = here.slack.people["UE1002"], here.slack.people["UE1003"]
    post = await sanne.post("C0GENERAL", "<@UBOT> how do I report sick?")
    await sanne.post("C0GENERAL", "and on a Sunday?", thread_ts=post.ts)
    await sanne.post("C0GENERAL", "<@UE1003> do you know?", thread_ts=post.ts)
    await sanne.post("C0GENERAL", "<@UE1003|tom> or later?", thread_ts=post.ts)
    await tom.post("C0GENERAL", "call the desk", thread_ts=post.ts)
    await tom.post("C0GENERAL", "lunch, anybody?")
    assert here.desk.texts == ["how do I report sick?", "and on a Sunday?"]
    assert here.desk.last.address.thread == post.ts
    await tom.post("C0GENERAL", "<@UBOT> is that right?", thread_ts=post.ts)
    await tom.post("C0GENERAL", "thank you", thread_ts=post.ts)
    assert here.desk.texts[2:] == ["is that right?", "thank you"]
    assert {user for user, _ in here.threads()} == {"UE1002", "UE1003"}


async def test_a_stranger_in_a_thread_does_not_go_on_unasked(here: Edge) -> None:
    event = message("<@UBOT> what is your VPN address?", room="C0GENERAL")
    event["event"] |= {"user_team": "T0OTHER", "type": "app_mention"}
    await here.post(event)
    assert here.desk.last.standing is Standing.OUTSIDER
    assert here.threads() == []


async def test_where_another_organisation_reads_along_one_of_ours_is_answered_in_private(here: Edge) -> None:
    sanne = here.slack.people["UE1002"]
    here.slack.add_channel("C0SHARED", [sanne], shared_with="T0OTHER")
    post = await sanne.post("C0SHARED", "<@UBOT> how do I report sick?")
    await sanne.post("C0SHARED", "and on a Sunday?", thread_ts=post.ts)
    await here.settle()
    assert here.desk.texts == ["how do I report sick?", "and on a Sunday?"]
    assert {one.address.room for one in here.desk.messages.values()} == {sanne.im}
    assert {one.address.place for one in here.desk.messages.values()} == {Place.DIRECT}
    assert [one.ephemeral_to for one in here.slack.world.rooms["C0SHARED"].ephemerals] == ["UE1002"]
    stranger = here.slack.add_person("U0STRANGE", name="Max", stranger_of="T0OTHER")
    here.slack.world.rooms["C0SHARED"].members.add(stranger.id)
    await stranger.post("C0SHARED", "<@UBOT> what is your VPN address?")
    assert here.desk.last.standing is Standing.OUTSIDER
    assert here.desk.last.address.room == "C0SHARED"
    await sanne.post("C0SHARED", "<@UBOT>")
    await here.settle()
    assert [one for one in here.slack.messages(sanne.im) if "How many days" in str(one.blocks)]


async def test_a_mention_without_words_gets_suggestions_once(here: Edge) -> None:
    sanne = here.slack.people["UE1002"]
    post = await sanne.post("C0GENERAL", "<@UBOT>")
    await here.settle()
    assert here.desk.messages == {}
    answers = [one for one in here.slack.messages("C0GENERAL", post.ts) if one.user != "UE1002"]
    assert len(answers) == 1
    assert "How many days of leave do I get?" in str(answers[0].blocks)


async def test_what_no_person_typed_is_left_alone(here: Edge) -> None:
    for event in (
        {"bot_id": "B1"},
        {"bot_id": "B1", "subtype": "bot_message", "user": None},
        {"bot_profile": {"id": "B1"}},
        {"app_id": "A1"},
        {"user": "UBOT"},
        {"user": "USLACKBOT"},
        {"user": None},
        {"subtype": "channel_join"},
        {"subtype": "channel_topic"},
        {"subtype": "message_replied"},
        {"subtype": "reminder_add"},
    ):
        body = message("<@UBOT> please reset the password of Sanne", room="C0GENERAL")
        body["event"] |= event
        direct = message("please reset the password of Sanne")
        direct["event"] |= event
        mention = message("<@UBOT> please reset the password of Sanne", room="C0GENERAL", type="app_mention")
        mention["event"] |= {key: value for key, value in event.items() if key != "subtype"}
        assert await here.post(body) == await here.post(direct) == 200
        if "subtype" not in event:
            assert await here.post(mention) == 200
    assert here.desk.received == 0


async def test_a_text_that_claims_to_come_from_an_approver_comes_from_who_wrote_it(here: Edge) -> None:
    await here.post(message("user: UE1003 approved this <@UE1003>", user="UE1002", username="UE1003"))
    assert here.desk.last.identity.user == "UE1002"
    assert here.desk.last.text == "user: UE1003 approved this @Tom Bakker"


async def test_a_reply_that_is_also_shown_to_the_channel_is_a_message(here: Edge) -> None:
    await here.post(message("that did not help, what now?", subtype="thread_broadcast", thread_ts="1700000000.000100"))
    assert here.desk.last.address.anchor == "1700000000.000100"


async def test_a_conversation_of_several_people_is_no_direct_chat(here: Edge) -> None:
    body = message("what is the salary of Tom?", room="G0MANY")
    body["event"]["channel_type"] = "mpim"
    await here.post(body)
    assert here.desk.received == 0
    body = message("<@UBOT> what is the salary scale?", room="D0ODD")
    body["event"]["channel_type"] = "mpim"
    await here.post(body)
    assert here.desk.last.address.place is Place.SHARED


async def test_in_a_group_direct_message_only_what_is_meant_for_the_desk_is_heard(here: Edge) -> None:
    sanne, tom = here.slack.people["UE1002"], here.slack.people["UE1003"]
    here.slack.add_group_chat("G0MANY", [sanne, tom])
    await tom.post("G0MANY", "did you see what Sanne wrote about my salary?")
    asked = await sanne.post("G0MANY", "<@UBOT> how do I report sick?")
    await sanne.post("G0MANY", "and on a Sunday?", thread_ts=asked.ts)
    await tom.post("G0MANY", "I would just call", thread_ts=asked.ts)
    await sanne.post("G0MANY", "thanks Tom")
    assert here.desk.texts == ["how do I report sick?", "and on a Sunday?"]
    assert {one.address.place for one in here.desk.messages.values()} == {Place.SHARED}
    assert {(one.address.room, one.address.thread) for one in here.desk.messages.values()} == {("G0MANY", asked.ts)}
    assert here.slack.unacknowledged == []


async def test_two_people_in_one_group_direct_message_are_two_conversations(here: Edge) -> None:
    sanne, tom = here.slack.people["UE1002"], here.slack.people["UE1003"]
    here.slack.add_group_chat("G0MANY", [sanne, tom])
    asked = await sanne.post("G0MANY", "<@UBOT> how do I report sick?")
    await tom.post("G0MANY", "<@UBOT> me too", thread_ts=asked.ts)
    first, second = here.desk.messages.values()
    assert first.address.thread == second.address.thread == asked.ts
    assert first.partition != second.partition


async def test_a_question_that_is_changed_or_taken_back_in_a_group_direct_message(here: Edge) -> None:
    sanne = here.slack.people["UE1002"]
    here.slack.add_group_chat("G0MANY", [sanne, here.slack.people["UE1003"]])
    asked = await sanne.post("G0MANY", "<@UBOT> how do I report sik?")
    await sanne.edit(asked, "<@UBOT> how do I report sick?")
    assert here.desk.texts == ["how do I report sik?", "how do I report sick?"]
    await sanne.delete(asked)
    assert [stop.address.thread for stop in here.desk.stops] == [asked.ts]


async def test_an_event_that_does_not_say_who_we_are_there_still_finds_the_mention(here: Edge) -> None:
    body = message("<@UBOT> how do I report sick?", room="C0GENERAL")
    await here.post({**body, "authorizations": []})
    assert here.desk.texts == ["how do I report sick?"]


# --- edits ------------------------------------------------------------------------------------------------------------


async def test_an_edited_message_names_the_one_it_changes(here: Edge) -> None:
    sanne = here.slack.people["UE1002"]
    first = await sanne.dm("how many days of leav do I get?")
    delivery = await sanne.edit(first, "how many days of leave do I get?")
    assert delivery is not None
    asked, edited = here.desk.messages.values()
    assert edited.edits == asked.event_id
    assert edited.text == "how many days of leave do I get?"
    assert edited.address == asked.address
    assert edited.event_id != asked.event_id
    await here.slack.courier.bring_event(delivery)
    assert len(here.desk.messages) == 2
    await sanne.edit(first, "how many days of leave do I get in all?")
    assert here.desk.last.edits == asked.event_id
    assert len(here.desk.messages) == 3


async def test_only_other_words_are_an_edit(here: Edge) -> None:
    said = {"type": "message", "user": "UE1002", "text": "see https://example.nl", "ts": "1700000000.000100"}
    by = {"user": "UE1002", "ts": "1700000005.000100"}
    cases: list[tuple[dict[str, object], dict[str, object]]] = [
        (said, said),  # a preview was added
        ({**said, "edited": by}, said),
        ({**said, "text": "see <https://example.nl>", "edited": by}, said),
        ({**said, "text": "other words", "edited": {**by, "user": "UE1003"}}, said),
        ({**said, "text": "other words"}, said),
        ({**said, "text": "other words", "edited": by, "bot_id": "B1"}, said),
    ]
    for new, old in cases:
        event = {"subtype": "message_changed", "message": new, "previous_message": old}
        assert await here.post(message("", **event)) == 200
    assert here.desk.received == 0


async def test_an_edit_in_a_channel_counts_only_for_who_talks_with_the_desk(here: Edge) -> None:
    sanne, tom = here.slack.people["UE1002"], here.slack.people["UE1003"]
    post = await sanne.post("C0GENERAL", "<@UBOT> how do I report sik?")
    await sanne.edit(post, "<@UBOT> how do I report sick?")
    assert here.desk.last.edits
    assert here.desk.last.text == "how do I report sick?"
    other = await tom.post("C0GENERAL", "lunch, anybody?")
    await tom.edit(other, "lunch, everybody?")
    assert len(here.desk.messages) == 2
    await tom.edit(other, "<@UBOT> what is for lunch?")
    assert (here.desk.last.edits, here.desk.last.text) == ("", "what is for lunch?")


async def test_a_question_that_is_taken_back_is_stopped(here: Edge) -> None:
    sanne, tom = here.slack.people["UE1002"], here.slack.people["UE1003"]
    first = await sanne.dm("how many days of leave do I get?")
    await sanne.delete(first)
    assert [(stop.address.anchor, stop.identity.user) for stop in here.desk.stops] == [(first.ts, "UE1002")]
    post = await sanne.post("C0GENERAL", "<@UBOT> how do I report sick?")
    await sanne.delete(post)
    assert here.desk.stops[-1].address.thread == post.ts
    await tom.delete(await tom.post("C0GENERAL", "lunch, anybody?"))
    assert len(here.desk.stops) == 2
    gone = {"subtype": "tombstone", "user": "USLACKBOT", "ts": first.ts, "text": "This message was deleted."}
    old = {"user": "UE1002", "ts": first.ts, "text": "how many"}
    await here.post(message("", subtype="message_changed", message=gone, previous_message=old))
    assert len(here.desk.stops) == 3
    assert here.desk.stops[-1].event_id == here.desk.stops[0].event_id


async def test_stop_is_stored_before_it_is_acknowledged_and_then_slack_shows_it(here: Edge) -> None:
    sanne = here.slack.people["UE1002"]
    first = await sanne.dm("how many days of leave do I get?")
    here.desk.down = True
    here.slack.courier.retries = ()
    await sanne.stop(sanne.im, first.ts)
    assert here.slack.deliveries[-1].status == 500
    assert here.calls("agents.sessions.setStatus") == []
    here.desk.down = False
    await sanne.stop(sanne.im, first.ts)
    await here.settle()
    assert here.desk.stops[-1].address.anchor == first.ts
    assert here.desk.stops[-1].address.place is Place.DIRECT
    assert here.calls("agents.sessions.setStatus")[-1]["status"] == "active"


# --- files ------------------------------------------------------------------------------------------------------------


async def test_files_come_along_and_those_that_are_not_taken_say_why(here: Edge) -> None:
    def file(number: int, name: str, kind: str, size: int = 1000, **more: object) -> dict[str, object]:
        address = f"https://files.slack.com/files-pri/T-F{number}/{name}"
        return {"id": f"F{number}", "name": name, "mimetype": kind, "size": size, "url_private": address, **more}

    files = [
        file(1, "screen.png", "image/png"),
        file(2, "error.log", "text/plain"),
        file(3, "big.pdf", "application/pdf", 11 * 1024 * 1024),
        file(4, "setup.exe", "application/x-msdownload"),
        file(5, "invoice.pdf.exe", "application/pdf"),
        file(6, "photo.png", "text/html"),
        file(7, "notes", "text/plain", mode="snippet", filetype="text"),
        file(8, "Our canvas", "application/vnd.slack-docs", mode="quip", filetype="quip"),
        file(9, "plan.docx", "application/pdf"),
        file(10, "drive.pdf", "application/pdf", is_external=True),
        file(11, "page\u202efdp.exe", "application/pdf"),
        file(12, "far.pdf", "application/pdf", file_access="check_file_info"),
        {"id": "F13", "mode": "tombstone"},
    ]
    assert await here.post(message("", subtype="file_share", files=files)) == 200
    taken = {one.attachment_id.rpartition(":")[2]: one.unwanted for one in here.desk.last.files}
    assert taken == {
        "F1": "",
        "F2": "",
        "F3": UNWANTED_SIZE,
        "F7": "",
        **{f"F{number}": UNWANTED_TYPE for number in (4, 5, 6, 8, 9, 10, 11, 12, 13)},
    }
    assert here.desk.last.files[0].locator.startswith("https://files.slack.com/")
    assert here.desk.last.files[0].attachment_id == f"slack:{TEAM}:F1"
    assert all(not one.locator for one in here.desk.last.files if one.unwanted)
    assert here.desk.last.text == ""


async def test_a_file_with_a_mention_is_one_message_with_its_file(here: Edge) -> None:
    sanne = here.slack.people["UE1002"]
    await sanne.post("C0GENERAL", "<@UBOT>", files=[SimFile("screen.png", b"\x89PNG\r\n\x1a\n", "image/png")])
    assert len(here.desk.messages) == 1
    assert [one.name for one in here.desk.last.files] == ["screen.png"]


# --- the rest of what Slack tells -----------------------------------------------------------------------------------


async def test_home_is_drawn_and_the_messages_tab_gets_its_prompts(here: Edge) -> None:
    sanne = here.slack.people["UE1002"]
    await sanne.open_home()
    await here.settle()
    assert sanne.home is not None
    await sanne.open_messages_tab()
    await here.settle()
    assert [one["message"] for one in sanne.prompts] == ["How many days of leave do I get?"]
    assert "thread_ts" not in here.calls("assistant.threads.setSuggestedPrompts")[-1]


async def test_a_guest_sees_only_the_notice_at_home(here: Edge) -> None:
    guest = here.slack.add_person("UE1060", name="Gast", guest=True)
    await guest.open_home()
    await here.settle()
    assert guest.home is not None
    assert "How many days" not in str(guest.home.content)


async def test_a_workspace_that_leaves_is_told_on(here: Edge) -> None:
    assert await here.post(wrapped({"type": "tokens_revoked", "tokens": {"oauth": ["UE1002"]}})) == 200
    assert here.departed == []
    assert await here.post(wrapped({"type": "tokens_revoked", "tokens": {"bot": ["UBOT"]}})) == 200
    assert await here.post(wrapped({"type": "app_uninstalled"})) == 200
    assert here.departed == [TEAM, TEAM]
    gone = wrapped({"type": "app_uninstalled"}, team_id="T0OTHER", authorizations=[])
    assert await here.post(gone) == 200
    assert here.departed[-1] == "T0OTHER"


async def test_what_we_know_nothing_of_is_acknowledged_and_left_alone(here: Edge) -> None:
    for event in ({"type": "app_context_changed", "context": {"entities": []}}, {"type": "reaction_added"}):
        assert await here.post(wrapped(event)) == 200
    assert await here.post({"type": "app_rate_limited", "team_id": TEAM, "minute_rate_limited": 1}) == 200
    assert here.desk.received == 0


@pytest.mark.timed
async def test_the_acknowledgement_waits_for_slack_itself_one_second_at_most(
    here: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert people.LONGEST_SECONDS <= 1.0
    monkeypatch.setattr(people, "LONGEST_SECONDS", 0.05)
    here.slack.faults.slow("users.info", 30.0)
    began = time.monotonic()
    assert await here.post(message("how many days of leave do I get?")) == 200
    assert time.monotonic() - began < 1.0
    assert here.desk.last.standing is Standing.UNKNOWN
    here.slack.faults.clear()


async def test_in_an_organisation_a_person_is_the_same_in_all_its_workspaces(tmp_path: Path) -> None:
    async with edge(tmp_path, workspaces=frozenset({"E0DHB"})) as here:
        here.slack.add_workspace(TEAM, "E0DHB")
        for user, about in (("WE1", {}), ("WE2", {"stranger_of": "T0OTHER"})):
            here.slack.add_person(user, name="Jo Visser", **about)
            body = message("how many days of leave do I get?", user)
            body["authorizations"][0]["enterprise_id"] = "E0DHB"
            body["event"]["user_team"] = "T0SISTER" if user == "WE1" else "T0OTHER"
            assert await here.post(body) == 200
        ours, other = here.desk.messages.values()
        assert (ours.identity, ours.standing) == (ChannelIdentity("slack", "E0DHB", "WE1"), Standing.MEMBER)
        assert ours.address.tenant == TEAM
        assert other.standing is Standing.OUTSIDER
        assert other.identity.tenant != "E0DHB"


def test_what_is_listened_to_is_what_the_app_subscribes_to() -> None:
    assert {name.partition(".")[0] for name in EVENTS} == {*LISTENERS, "app_context_changed"}


async def test_many_at_once_are_stored_each_once(here: Edge) -> None:
    bodies = [message(f"question {number} about leave", ts=f"1700000000.{number:06d}") for number in range(40)]
    assert set(await asyncio.gather(*(here.post(body) for body in bodies for _ in range(2)))) == {200}
    assert len(here.desk.messages) == 40


# --- text -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("<@UBOT> hello", "hello"),
        ("hello <@UBOT|loket>, help", "hello , help"),
        ("<@UBOT>", ""),
        ("ask <@U1|tom> or <@U2>", "ask @Tom Bakker or @U2"),
        ("in <#C1|general> and <#C2|> and <#C3>", "in #general and #C2 and #C3"),
        ("see <https://example.nl/a?b=1&amp;c=2>", "see https://example.nl/a?b=1&c=2"),
        ("see <https://example.nl|our page>", "see our page (https://example.nl)"),
        ("see <https://example.nl|example.nl>", "see https://example.nl"),
        ("<mailto:a@example.nl|a@example.nl>", "a@example.nl"),
        ("<tel:+31201234567|020 123 4567>", "020 123 4567 (+31201234567)"),
        ("<!here> <!channel> <!subteam^S1|@it> <!subteam^S2>", "@here @channel @it @S2"),
        ("<!date^1700000000^{date}|14 November>", "14 November"),
        ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"),
        ("&lt;@UBOT&gt; is not a mention", "<@UBOT> is not a mention"),
        ("&amp;lt;", "&lt;"),
        ("a\n\nb", "a\n\nb"),
        ("<>", ""),
        ("", ""),
    ],
)
def test_markup_is_read_as_a_person_reads_it(written: str, read: str) -> None:
    assert markup.plain(written, "UBOT", {"U1": "Tom Bakker"}) == read


@given(st.text())
def test_what_a_person_types_comes_back_as_they_typed_it(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert markup.plain(escaped) == text.strip()
    assert markup.mentioned(escaped) == ()


@given(st.text(alphabet="<>@#!|&;UBOT ^:/a1"))
def test_no_text_leaves_a_mention_of_ourselves_or_fails(text: str) -> None:
    markup.plain(text, "UBOT")
    markup.addressed(text)
