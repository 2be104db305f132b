"""The whole counter in a simulated Slack workspace, as the service puts it together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from loket.demo.workspace import ROOM, Workspace, open_workspace
from loket.home import Home
from loket.settings import Settings
from simulators.slack.message import SimMessage
from tests.handbooks import SMALL_HANDBOOK, prepare

PEOPLE = {"E1002": "Tom", "E1003": "Priya", "E1006": "Karim", "E1020": "Jan"}
OIDC = {
    "issuer": "https://login.example.org",
    "client_id": "loket",
    "client_secret": "not-a-secret-at-all",
    "public_url": "https://desk.example.org",
}


async def opened(home: Path, **sections: Any) -> Settings:
    await prepare(home, SMALL_HANDBOOK, "")
    settings = Settings(home=home, _env_file=None, **sections)
    Home(settings.home).create()
    return settings


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Workspace]:
    async with open_workspace(await opened(tmp_path), PEOPLE) as workspace:
        yield workspace


def said_to(workspace: Workspace, who: str) -> list[SimMessage]:
    person = workspace.people[who]
    return [message for message in person.sees(person.im) if message.user != person.id]


def shown(workspace: Workspace, who: str) -> str:
    return "\n".join(workspace.slack.drawn(message) for message in said_to(workspace, who))


async def test_a_question_is_answered_in_the_thread_under_it(office: Workspace) -> None:
    asked = await office.people["E1002"].dm("How many hours of annual leave do I get?")
    await office.settle()
    answer = said_to(office, "E1002")[-1]
    assert answer.thread_ts == asked.ts
    assert "200 hours" in office.slack.drawn(answer)
    assert not answer.would_notify
    assert not answer.would_unfurl


async def test_what_follows_in_the_thread_of_yesterday_goes_on_with_it(office: Workspace) -> None:
    asked = await office.people["E1002"].dm("How many hours of annual leave do I get?")
    await office.settle()
    await office.people["E1002"].dm("and for part-timers?", thread_ts=asked.ts)
    await office.settle()
    last = said_to(office, "E1002")[-1]
    assert last.thread_ts == asked.ts
    assert "part" in office.slack.drawn(last).lower()


@pytest.mark.parametrize(
    ("words", "said"), [("never mind", "Withdrawn: Reset the password"), ("ok", "code is on its way")]
)
async def test_a_yes_or_no_in_a_new_message_is_answered_under_it(office: Workspace, words: str, said: str) -> None:
    asked = await office.people["E1002"].dm("reset my password")
    await office.settle()
    typed = await office.people["E1002"].dm(words)
    await office.settle()
    under = [office.slack.drawn(message) for message in said_to(office, "E1002") if message.thread_ts == typed.ts]
    assert len(under) == 1
    assert said in under[0]
    assert "[Cancel]" not in under[0]
    assert any(one.edited for one in said_to(office, "E1002") if one.thread_ts == asked.ts)


async def test_a_yes_in_the_thread_of_the_card_is_not_answered_twice(office: Workspace) -> None:
    asked = await office.people["E1002"].dm("reset my password")
    await office.settle()
    before = len(said_to(office, "E1002"))
    await office.people["E1002"].dm("never mind", thread_ts=asked.ts)
    await office.settle()
    assert len(said_to(office, "E1002")) == before


async def test_a_personal_matter_in_a_channel_is_answered_in_private_with_a_note(office: Workspace) -> None:
    tom, bot = office.people["E1002"], office.slack.bot_user()
    await tom.post(ROOM, f"<@{bot}> reset my password")
    await office.settle()
    in_room = [office.slack.drawn(message) for message in office.slack.messages(ROOM) if message.user == bot]
    assert len(in_room) == 1
    assert "password" not in in_room[0].lower()
    assert "Reset the password" in shown(office, "E1002")


async def test_several_people_in_a_group_direct_message_are_answered_each_with_their_own(office: Workspace) -> None:
    tom, priya, bot = office.people["E1002"], office.people["E1003"], office.slack.bot_user()
    office.slack.add_group_chat("G0MANY", [tom, priya])
    asked = await tom.post("G0MANY", f"<@{bot}> How many hours of annual leave do I get?")
    await office.settle()
    await priya.post("G0MANY", "I always ask Loket that too", thread_ts=asked.ts)
    await tom.post("G0MANY", "reset my password", thread_ts=asked.ts)
    await office.settle()
    thread = [message for message in office.slack.messages("G0MANY", asked.ts) if message.user == bot]
    in_room = [office.slack.drawn(message) for message in thread]
    assert len(in_room) == 2
    assert "200 hours" in in_room[0]
    assert "password" not in in_room[1].lower()
    assert "Reset the password" in shown(office, "E1002")
    assert said_to(office, "E1003") == []


async def test_home_shows_what_runs_and_what_waits_for_whom(office: Workspace) -> None:
    tom, priya = office.people["E1002"], office.people["E1003"]
    await tom.dm("The printer on the first floor jams, please open a ticket")
    await office.settle()
    for person in (tom, priya):
        await person.open_home()
    await office.settle()
    assert tom.home is not None
    assert priya.home is not None
    assert "first floor" in office.slack.drawn(tom.home)
    assert "first floor" not in office.slack.drawn(priya.home)


async def test_the_addresses_that_the_settings_name_can_be_clicked(tmp_path: Path) -> None:
    settings = await opened(
        tmp_path, agent={"hr_system_address": "https://mine.example.org", "service_desk": "desk@dhb.example"}
    )
    async with open_workspace(settings, PEOPLE) as office:
        await office.people["E1002"].dm("what is my leave balance?")
        await office.settle()
        links = {link for message in said_to(office, "E1002") for link in message.links}
        assert links == {"https://mine.example.org", "mailto:desk@dhb.example"}


async def test_a_reset_for_a_caller_says_who_gets_the_code(office: Workspace) -> None:
    mila = office.slack.add_person("UE1005", name="Mila")
    await mila.dm("De beller Jan de Boer heeft een nieuw wachtwoord nodig")
    await office.settle()
    card = office.slack.drawn(mila.sees(mila.im)[-1])
    assert "[Bevestigen en de beller een code sturen]" in card
    assert "of u het echt bent" not in card


async def test_somebody_whom_nobody_knows_is_refused_without_a_word_of_policy(office: Workspace) -> None:
    stranger = office.slack.add_person("U0STRANGER", name="Robin")
    await stranger.dm("How many hours of annual leave do I get?")
    await office.settle()
    texts = [office.slack.drawn(message) for message in stranger.sees(stranger.im) if message.user != stranger.id]
    assert len(texts) == 1
    assert "200 hours" not in texts[0]


async def test_a_stranger_is_offered_to_sign_in_once_where_people_can(tmp_path: Path) -> None:
    settings = await opened(tmp_path, oidc=OIDC)
    async with open_workspace(settings, PEOPLE) as office:
        stranger = office.slack.add_person("U0STRANGER", name="Robin")
        await stranger.dm("How many hours of annual leave do I get?")
        guest = office.slack.add_person("U0GUEST", name="Alex", guest=True)
        await guest.dm("How many hours of annual leave do I get?")
        await office.settle()
        offered = [message for message in stranger.sees(stranger.im) if message.user != stranger.id][-1]
        assert any(link.startswith("https://desk.example.org/link/") for link in offered.links)
        refused = [message for message in guest.sees(guest.im) if message.user != guest.id][-1]
        assert not any("/link/" in link for link in refused.links)
