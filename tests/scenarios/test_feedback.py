"""A thumb down on a reply: who may give it, what is kept, and how it becomes a case or shows a gap."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from agent.feedback import Opinion, last_bad, opinions
from core.errors import ConfigError
from core.feedback import Feedback
from core.outcomes import Outcome
from core.people import ChannelIdentity
from loket.evaluation.from_conversation import add_to, as_case, conversation
from loket.evaluation.gaps import Gap, gaps, unanswered
from loket.evaluation.reading import read_suite
from storage import now
from tests.desk import Desk
from tests.staff import INEKE, SANNE, TOM
from tools.loading import load_builtin

TOOLS = frozenset(load_builtin().names)
BSN = "111222333"  # passes the eleven-test, belongs to nobody


async def think(desk: Desk, employee: str, comment: str = "", *, good: bool = False, event_id: str = "") -> str:
    identity = ChannelIdentity("terminal", "local", employee)
    return await desk.counter.desk.feedback(Feedback(event_id, identity, good, comment))


def kept(desk: Desk) -> list[Opinion]:
    with desk.database.reading() as tx:
        return opinions(tx, now(tx) - timedelta(days=1))


async def found_gaps(desk: Desk, readable: frozenset[str] = frozenset({"all-staff"}), people: int = 3) -> list[Gap]:
    with desk.database.reading() as tx:
        asked = unanswered(tx, now(tx) - timedelta(days=30))
    return await gaps(
        asked,
        desk.counter.embedder,
        desk.counter.library,
        readable,
        closeness=0.5,
        people=people,
        work_domains=frozenset({"dhb.example"}),
    )


async def test_an_opinion_is_kept_with_its_turn_and_a_second_one_replaces_it() -> None:
    async with Desk.start() as desk:
        await desk.say(TOM, "may I bring my dog to work?")
        assert "read this" in await think(desk, TOM, "no answer at all")
        (first,) = kept(desk)
        assert (first.good, first.comment, first.said) == (False, "no answer at all", "may I bring my dog to work?")
        await think(desk, TOM, good=True)
        (second,) = kept(desk)
        assert (second.good, second.comment, second.event_id) == (True, "", first.event_id)


async def test_nobody_judges_a_reply_to_somebody_else() -> None:
    async with Desk.start() as desk:
        await desk.say(TOM, "may I bring my dog to work?")
        await think(desk, TOM)
        (own,) = kept(desk)
        assert "nog geen antwoord" in await think(desk, SANNE, good=True, event_id=own.event_id)
        assert kept(desk) == [own]


async def test_a_stranger_has_no_opinion_that_is_kept() -> None:
    async with Desk.start() as desk:
        await desk.say(TOM, "hello")
        assert "do not know you" in await think(desk, "E9999")
        assert kept(desk) == []


async def test_nothing_is_kept_about_a_signposted_turn() -> None:
    async with Desk.start() as desk:
        await desk.say(TOM, "my manager is bullying me")
        assert desk.turns() == [Outcome.SIGNPOSTED]
        assert "not kept" in await think(desk, TOM, "my canary comment")
        assert kept(desk) == []
        assert desk.sinks_with("my canary comment") == []


async def test_a_code_typed_into_a_comment_is_covered() -> None:
    async with Desk.start() as desk:
        await desk.say(TOM, "may I bring my dog to work?")
        await think(desk, TOM, "my code 482913 did not work")
        assert "482913" not in kept(desk)[0].comment


async def test_a_bad_reply_becomes_a_case_without_anybodys_numbers(tmp_path: Path) -> None:
    async with Desk.start() as desk:
        await desk.say(INEKE, "hoeveel dagen verlof krijg ik?")
        await desk.say(INEKE, f"en mag {SANNE} met bsn {BSN} haar hond meenemen?")
        await think(desk, INEKE, f"bel mij op 06 12345678 over {BSN}")
        with desk.database.reading() as tx:
            talk = conversation(tx, "last-bad")
        asker = await desk.counter.directory.by_id(talk.employee_id)
        case = as_case(talk, asker, frozenset({"dhb.example"}))
    for personal in (BSN, SANNE, INEKE, "12345678"):
        assert personal not in case
    file = tmp_path / "cases.yaml"
    line = add_to(file, case, TOOLS)
    (made,) = read_suite(file, TOOLS).cases
    assert made.line == line
    assert made.talk[0] == "hoeveel dagen verlof krijg ik?"
    assert made.talk[1].startswith("en mag [")
    assert (made.asker.groups, made.asker.language) == (("managers",), "nl")
    assert not made.expected.anything
    assert "# outcome: " in case
    assert "bel mij op [phone-1]" in case


async def test_the_lines_that_a_case_offers_become_expectations_when_their_hash_goes(tmp_path: Path) -> None:
    async with Desk.start() as desk:
        await desk.say(TOM, "How many hours of annual leave do I get?")
        await think(desk, TOM)
        with desk.database.reading() as tx:
            talk = conversation(tx, "last-bad")
        case = as_case(talk, await desk.counter.directory.by_id(TOM), frozenset())
    file = tmp_path / "cases.yaml"
    add_to(file, case, TOOLS)
    filled = file.read_text().replace("    # outcome", "    outcome").replace("    # clause", "    clause")
    file.write_text(filled)
    (made,) = read_suite(file, TOOLS).cases
    assert made.expected.outcomes == (Outcome.ANSWERED,)
    assert "leave-2026.md" in made.expected.clauses[0].written


async def test_adding_keeps_what_stands_in_the_file_and_refuses_what_would_break_it(tmp_path: Path) -> None:
    before = "version: 1 # ours\ncases:\n  # on leave\n  - {question: hello, as: E1002, outcome: clarified}"
    case = "  - question: a new one\n    as: {language: en}\n"
    file = tmp_path / "cases.yaml"
    file.write_text(before)
    assert add_to(file, case, TOOLS) == 5
    assert file.read_text() == f"{before}\n{case}"
    with pytest.raises(ConfigError, match="cannot be added"):
        add_to(file, case, TOOLS)  # the same question again
    assert file.read_text() == f"{before}\n{case}"
    last = tmp_path / "other.yaml"
    last.write_text("cases: [{question: hello, as: E1002}]\nversion: 1\n")
    with pytest.raises(ConfigError, match="cannot be added"):
        add_to(last, case, TOOLS)
    assert yaml.safe_load(last.read_text())["version"] == 1


async def test_a_signposted_turn_cannot_become_a_case() -> None:
    async with Desk.start() as desk:
        await desk.say(TOM, "my manager is bullying me")
        with desk.database.reading() as tx, pytest.raises(ConfigError, match="nothing of it is kept"):
            conversation(tx, "terminal:local:test-1")
        with desk.database.reading() as tx, pytest.raises(ConfigError, match="nobody has said"):
            conversation(tx, "last-bad")
        with desk.database.reading() as tx:
            assert last_bad(tx) is None


async def test_questions_asked_in_vain_are_grouped_and_name_the_owner_of_the_nearest_policy() -> None:
    async with Desk.start() as desk:
        for employee, question in (
            (TOM, "Does the agency pay for my gym membership?"),
            ("E1039", "does the agency pay a gym membership"),
            ("E1044", "gym membership paid by the agency?"),
            ("E1044", "Is there a crèche for small children?"),
        ):
            await desk.say(employee, question)
        in_vain = [outcome for outcome in desk.turns() if outcome is Outcome.NOT_FOUND]
        found = await found_gaps(desk)
    assert len(in_vain) == sum(gap.questions for gap in found)
    first = found[0]
    assert (first.people, first.questions) == (3, 3)
    assert "gym" in first.wording
    assert first.owner
    assert first.contact
    assert all(gap.wording == "" for gap in found if gap.people < 3)


async def test_one_person_who_asks_on_and_on_does_not_outweigh_many() -> None:
    async with Desk.start() as desk:
        for _ in range(6):
            await desk.say(TOM, "Is there a crèche for small children?")
        for employee in (SANNE, INEKE, "E1020", "E1038"):
            await desk.say(employee, "Krijgen we een abonnement op de sportschool?")
        found = await found_gaps(desk, people=1)
    weights = {gap.wording: (gap.weight, gap.questions) for gap in found}
    many = next(weight for wording, weight in weights.items() if "sportschool" in wording)
    one = next(weight for wording, weight in weights.items() if "crèche" in wording)
    assert many == (4, 4)
    assert one == (3, 6)


async def test_personal_numbers_are_masked_and_signposted_words_never_appear() -> None:
    async with Desk.start() as desk:
        await desk.say(TOM, "my manager is bullying me about the zeppelin")
        await desk.say(TOM, f"Is a zeppelin licence with bsn {BSN} paid for?")
        found = await found_gaps(desk, people=1)
    assert sum(gap.questions for gap in found) == 1
    assert BSN not in str(found)
    assert "bullying" not in str(found)


async def test_a_policy_that_the_reader_may_not_read_is_never_named() -> None:
    async with Desk.start() as desk:
        await desk.say(TOM, "How long does an improvement plan for a zeppelin pilot last?")
        await think(desk, TOM)
        for gap in await found_gaps(desk, frozenset({"all-staff"}), people=1):
            assert "performing" not in gap.policy
        managers = await found_gaps(desk, frozenset({"all-staff", "managers"}), people=1)
    assert any("performing" in gap.policy for gap in managers)


async def test_no_questions_are_no_gaps() -> None:
    async with Desk.start() as desk:
        assert await found_gaps(desk) == []
