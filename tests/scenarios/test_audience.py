"""Who may read what, seen from outside: answers, citations, shared rooms and the command line."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from core.events import Place
from tests.desk import Desk
from tests.handbooks import prepare
from tests.models import ObedientModel, ScriptedModel, calls, says
from tests.reading import text_of
from tests.staff import HR, INEKE, MILA, PRIYA, SANNE, TOM

TOPICS = ("parking", "lockers", "canteen", "uniforms", "fountain pens", "bicycles", "kennels", "lifeboats")
GROUPS = ("all-staff", "hr-staff", "managers", "it-approvers", "service-desk", "board")


def documents() -> dict[str, tuple[str, frozenset[str], str]]:
    """{path: (text, audience, marker)}: a document on each topic for random groups."""
    dice = random.Random(7)
    made = {}
    for number, topic in enumerate(TOPICS):
        audience = frozenset(dice.sample(GROUPS, dice.randint(1, 2))) if number else frozenset({"all-staff"})
        marker = f"{topic.split()[0].upper()}-{number}{number}{number}"
        front = f"title: Rules for {topic}\nlanguage: en\nowner: Owner of {topic}\naudience: [{', '.join(audience)}]"
        text = f"---\n{front}\n---\n\n# {topic.capitalize()}\n\nThe rule for {topic} is called {marker}.\n"
        made[f"{topic.split()[0]}.md"] = (text, audience, marker)
    return made


@pytest.mark.parametrize("obedient", [False, True], ids=["built-in", "obedient"])
async def test_nobody_hears_of_a_text_they_may_not_read_and_no_room_of_one_that_not_all_may(obedient: bool) -> None:
    made = documents()
    model = None
    if obedient:
        model = ObedientModel()
    async with Desk.start(documents={path: text for path, (text, _a, _m) in made.items()}, model=model) as desk:
        answered = 0
        for who in (TOM, SANNE, HR, INEKE, MILA, PRIYA):
            groups = (await desk.counter.directory.by_id(who)).groups  # type: ignore[union-attr]
            for path, (_text, audience, marker) in made.items():
                topic = next(each for each in TOPICS if path.startswith(each.split()[0]))
                for via in ("slack_dm", "slack_channel"):
                    before = len(desk.posts())
                    replies = await desk.say(who, f"What is the rule for {topic} called?", via=via)
                    said = text_of(replies)
                    allowed = [one for one in made.values() if one[1] & groups]
                    assert not [m for _t, a, m in made.values() if m in said and not a & groups]
                    cited = {one.path.removeprefix("documents/") for reply in replies for one in reply.citations}
                    assert all(made[one][1] & groups for one in cited)
                    assert allowed
                    if audience & groups and not obedient:
                        answered += marker in said
                    else:
                        assert not audience & groups or obedient or marker in said
                    if not audience & groups:
                        assert f"Owner of {topic}" not in said
                    shared = [post for post in desk.posts(before) if post.address.place is Place.SHARED]
                    seen = text_of(post.reply for post in shared)
                    assert not [m for _t, a, m in made.values() if m in seen and "all-staff" not in a]
        assert obedient or answered >= 20


async def test_a_text_that_lost_its_readers_is_gone_for_them_at_once() -> None:
    text = "---\ntitle: Kennels\nlanguage: en\naudience: [{}]\n---\n\n# Kennels\n\nThe kennels are called RUFUS-1.\n"
    async with Desk.start(documents={"kennels.md": text.format("all-staff")}) as desk:
        assert "RUFUS-1" in text_of(await desk.say(TOM, "What are the kennels called?"))
        await desk.add_documents({"kennels.md": text.format("hr-staff")})
        assert "RUFUS-1" not in text_of(await desk.say(TOM, "What are the kennels called?"))
        assert "RUFUS-1" in text_of(await desk.say(HR, "What are the kennels called?"))


async def test_a_conflict_with_a_text_one_may_not_read_is_not_told() -> None:
    rule = "---\ntitle: {}\nlanguage: en\nowner: {}\naudience: [{}]\n---\n\n# Visitors\n\n{}\n"
    made = {
        "open.md": rule.format("Visitors", "Facilities", "all-staff", "Visitors must be registered 24 hours ahead."),
        "closed.md": rule.format("Guests", "Secret Office", "hr-staff", "Visitors must be registered 72 hours ahead."),
    }
    async with Desk.start(documents=made) as desk:
        said = text_of(await desk.say(TOM, "How many hours ahead must visitors be registered?"))
        assert "24 hours" in said
        assert "72 hours" not in said
        assert "Secret Office" not in said
        both = await desk.say(HR, "How many hours ahead must visitors be registered?", via="slack_channel")
        assert "72 hours" in text_of(both)
        shared = text_of(post.reply for post in desk.posts() if post.address.place is Place.SHARED)
        assert "72 hours" not in shared


async def test_a_model_cannot_cite_a_number_it_was_not_given() -> None:
    made = documents()
    model = ScriptedModel([calls("search_policies", question="lifeboats"), says("The rule is called X. [7] [99]")])
    async with Desk.start(documents={path: text for path, (text, _a, _m) in made.items()}, model=model) as desk:
        replies = await desk.say(TOM, "What is the rule for lifeboats called?")
        assert "called X" not in text_of(replies)
        cited = {one.path.removeprefix("documents/") for reply in replies for one in reply.citations}
        assert all("all-staff" in made[path][1] for path in cited)


@pytest.mark.slow
def test_another_process_gives_each_reader_the_same(tmp_path: Path) -> None:
    made = documents()
    asyncio.run(prepare(tmp_path / "home", {path: text for path, (text, _a, _m) in made.items()}, ""))
    for who, groups in ((TOM, {"all-staff"}), (HR, {"all-staff", "hr-staff"}), ("", {"all-staff"})):
        command = [
            sys.executable,
            "-c",
            "from loket.command import main; main()",
            "policies",
            "search",
            "the rule",
            "--k",
            "100",
            "--json",
        ]
        done = subprocess.run(
            [*command, *(["--as", who] if who else [])],
            env={"LOKET_HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path.cwd())},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        found = {passage["path"].removeprefix("documents/") for passage in json.loads(done.stdout)}
        assert found == {path for path, (_t, audience, _m) in made.items() if audience & groups}
