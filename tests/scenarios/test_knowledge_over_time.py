"""What was the rule, what will it be, for whom is it, who says otherwise: through the desk, both kinds of model."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from core.outcomes import Outcome
from core.replies import Citation, Reply
from tests.desk import Desk
from tests.models import ScriptedModel, calls, says
from tests.reading import outcome_of, text_of
from tests.staff import HR, NOOR, SANNE, TOM

TODAY = datetime.now(UTC).date()
YEAR = TODAY.year
NEXT = f"{YEAR + 1}-01-01"


def rule(title: str, text: str, **front: object) -> str:
    """A document of one section."""
    keys = {"title": title, "language": "en", "owner": "HR Services", "contact": "hr@dhb.example", **front}
    lines = "\n".join(f"{key}: {value}" for key, value in keys.items())
    return f"---\n{lines}\n---\n\n# Home working allowance\n\n{text}\n"


CHAIN = {
    "old.md": rule(
        "Home working (first)", "The home working allowance is €1.00 a day.",
        id="home-1", effective_from=f"{YEAR - 4}-01-01",
    ),
    "former.md": rule(
        "Home working (former)", "The home working allowance is €2.00 a day.",
        id="home-2", effective_from=f"{YEAR - 2}-01-01", supersedes="[home-1]",
    ),
    "now.md": rule(
        "Home working", "The home working allowance is €3.00 a day.",
        id="home-3", effective_from=f"{YEAR}-01-01", supersedes="[home-2]",
    ),
    "next.md": rule(
        "Home working (next)", "The home working allowance is €4.00 a day.",
        id="home-4", effective_from=NEXT, supersedes="[home-3]",
    ),
}  # fmt: skip
CHAIN_NL = {
    path: text.replace("language: en", "language: nl")
    .replace("Home working allowance", "Thuiswerkvergoeding")
    .replace("The home working allowance is", "De thuiswerkvergoeding is")
    .replace("a day", "per dag")
    .replace(".00", ",00")
    .replace("€", "€ ")
    for path, text in CHAIN.items()
}


def cited(replies: Sequence[Reply]) -> list[Citation]:
    return [citation for reply in replies for citation in reply.citations]


@pytest.mark.parametrize(
    ("question", "amount", "said"),
    [
        ("What is the home working allowance?", "€3.00", f"This text holds until {YEAR}-12-31."),
        (
            f"What was the home working allowance in {YEAR - 1}?",
            "€2.00",
            f"in force on {YEAR - 1}-12-31; it held until",
        ),
        (f"What was the home working allowance in {YEAR - 3}?", "€1.00", f"it held until {YEAR - 3}-12-31"),
        ("What will the home working allowance be next year?", "€4.00", f"it starts on {NEXT}"),
        (f"What is the home working allowance as of {NEXT}?", "€4.00", f"will be in force on {NEXT}"),
        (
            f"What was the home working allowance in {YEAR - 9}?",
            "€",
            "I have no text from|not yet in force|comes into force",
        ),
    ],
)
async def test_the_text_of_the_day_that_is_asked_about_is_quoted_and_said_to_be_so(
    question: str, amount: str, said: str
) -> None:
    async with Desk.start(documents=CHAIN) as desk:
        replies = await desk.say(TOM, question)
        assert outcome_of(replies) is Outcome.ANSWERED
        assert amount in cited(replies)[0].quote
        assert any(part in cited(replies)[0].note for part in said.split("|"))
        assert cited(replies)[0].note in replies[-1].text


@pytest.mark.parametrize(
    ("question", "amount", "said"),
    [
        ("Wat is de thuiswerkvergoeding?", "€ 3,00", f"geldt tot en met {YEAR}-12-31"),
        (f"Wat was de thuiswerkvergoeding in {YEAR - 1}?", "€ 2,00", f"op {YEAR - 1}-12-31 gold"),
        ("Wat wordt de thuiswerkvergoeding volgend jaar?", "€ 4,00", f"gaat in op {NEXT}"),
    ],
)
async def test_the_same_in_dutch(question: str, amount: str, said: str) -> None:
    async with Desk.start(documents=CHAIN_NL) as desk:
        replies = await desk.say(SANNE, question)
        assert outcome_of(replies) is Outcome.ANSWERED
        assert amount in cited(replies)[0].quote
        assert said in cited(replies)[0].note


async def test_a_follow_up_asks_for_another_day_of_the_same_rule() -> None:
    async with Desk.start(documents=CHAIN) as desk:
        assert "€3.00" in text_of(await desk.say(TOM, "What is the home working allowance?"))
        assert "€2.00" in text_of(await desk.say(TOM, "And last year?"))
        assert "€3.00" in text_of(await desk.say(TOM, "What is the home working allowance?"))
        assert "€4.00" in text_of(await desk.say(TOM, "And next year?"))


async def test_a_language_model_s_sentence_on_an_old_text_gets_the_note_from_code() -> None:
    model = ScriptedModel(
        [
            calls("search_policies", question="home working allowance", as_of=f"{YEAR - 1}-06-01"),
            says("The home working allowance is €2.00 a day. [1]"),
        ]
    )
    async with Desk.start(documents=CHAIN, model=model) as desk:
        replies = await desk.say(TOM, "What was the home working allowance before?")
        assert "€2.00" in replies[-1].text
        assert f"This was the text in force on {YEAR - 1}-06-01" in replies[-1].text


async def test_a_text_that_is_no_longer_in_force_is_never_quoted_as_if_it_were() -> None:
    ended = TODAY - timedelta(days=10)
    old = rule("Bicycle scheme", "You can buy a bicycle through the scheme once in 3 years.", effective_until=ended)
    async with Desk.start(documents={"old.md": old}) as desk:
        replies = await desk.say(TOM, "How often can I buy a bicycle through the scheme?")
        assert f"in force until {ended}" in replies[-1].text
        assert all(one.note for one in cited(replies))


async def test_a_day_passes_and_the_next_text_is_the_rule() -> None:
    start = TODAY + timedelta(days=30)
    documents = {
        "now.md": rule("Allowance", "The home working allowance is €3.00 a day.", id="a"),
        "next.md": rule(
            "Allowance", "The home working allowance is €4.00 a day.", effective_from=start, supersedes="[a]"
        ),
    }
    async with Desk.start(documents=documents) as desk:
        assert "€3.00" in cited(await desk.say(TOM, "What is the home working allowance?"))[0].quote
        await desk.clock.advance(days=31)
        assert "€4.00" in cited(await desk.say(TOM, "What is the home working allowance?"))[0].quote


async def test_two_documents_that_replace_each_other_are_named_when_they_are_read_in() -> None:
    async with Desk.start(documents={}) as desk:
        folder = desk.counter.home.folder / "circle"
        folder.mkdir()
        (folder / "a.md").write_text(rule("A", "One.", id="a", supersedes="[b]"))
        (folder / "b.md").write_text(rule("B", "Two.", id="b", supersedes="[a]"))
        report = await desk.counter.library.ingest(folder)
        assert [problem.path for problem in report.problems] == ["circle/a.md", "circle/b.md"]


SITES = {
    "north.md": rule(
        "Allowance in Zwolle", "The home working allowance is €5.00 a day.", applies_to="{site: [Zwolle]}"
    ),
    "all.md": rule("Allowance", "The home working allowance is €3.00 a day."),
}


async def test_the_text_that_is_meant_for_the_person_comes_first_and_says_for_whom_it_is() -> None:
    async with Desk.start(documents=SITES) as desk:
        in_zwolle = await desk.say(TOM, "What is the home working allowance?")
        assert "€5.00" in cited(in_zwolle)[0].quote
        assert "meant for: site: Zwolle" in cited(in_zwolle)[0].note
        elsewhere = await desk.say(NOOR, "What is the home working allowance?")
        assert "€3.00" in cited(elsewhere)[0].quote


async def test_a_text_for_somebody_else_is_said_to_be_for_somebody_else() -> None:
    async with Desk.start(documents={"north.md": SITES["north.md"]}) as desk:
        replies = await desk.say(NOOR, "What is the home working allowance?")
        note = cited(replies)[0].note
        assert "Zwolle" in note
        assert "not you" in note or "bent u dat niet" in note


async def test_a_group_of_the_directory_says_contract_and_grade() -> None:
    documents = {
        "temporary.md": rule(
            "For temps", "The home working allowance is €1.50 a day.", applies_to="{contract: [temporary]}"
        ),
        "all.md": rule("Allowance", "The home working allowance is €3.00 a day."),
    }
    async with Desk.start(documents=documents) as desk:
        desk.add_person("E2002", "Temp Orary", language="en", groups=["contract:temporary"])
        desk.add_person("E2003", "Perma Nent", language="en", groups=["contract:permanent"])
        assert "€1.50" in cited(await desk.say("E2002", "What is the home working allowance?"))[0].quote
        assert "€3.00" in cited(await desk.say("E2003", "What is the home working allowance?"))[0].quote


VISITORS = ("visitors-facilities.md", "visitors-security.md", "leave-2026.md")
ASKED = "How long before must visitors be registered?"


async def test_two_texts_that_differ_are_both_shown_with_both_owners() -> None:
    async with Desk.start(documents=VISITORS) as desk:
        replies = await desk.say(TOM, ASKED)
        assert {one.owner for one in cited(replies)} == {"Facilities", "Security Office"}
        for part in ("24 hours", "48 hours", "differ", "Facilities", "Security Office"):
            assert part in replies[-1].text


async def test_a_language_model_that_names_only_one_of_them_does_not_hide_the_other() -> None:
    model = ScriptedModel(
        [
            calls("search_policies", question=ASKED),
            says("Visitors must be registered at least 48 hours ahead on https://desk.dhb.example. [1]"),
        ]
    )
    async with Desk.start(documents=VISITORS, model=model) as desk:
        replies = await desk.say(TOM, ASKED)
        assert "24 hours" in replies[-1].text
        assert "differ" in replies[-1].text
        assert {one.owner for one in cited(replies)} == {"Facilities", "Security Office"}


@pytest.mark.parametrize(("other", "first"), [("guidance", "policy"), ("regulation", "regulation")])
async def test_the_higher_text_goes_first_and_it_is_said_why(other: str, first: str) -> None:
    documents = {
        "a.md": rule("Allowance", "The home working allowance is €3.00 a day.", authority="policy"),
        "b.md": rule("Money", "The home working allowance is €2.00 a day.", authority=other, owner="Finance"),
    }
    async with Desk.start(documents=documents) as desk:
        replies = await desk.say(TOM, "What is the home working allowance?")
        amount = "€3.00" if first == "policy" else "€2.00"
        assert amount in cited(replies)[0].quote
        assert "goes first" in replies[-1].text
        assert f"a {first}" in replies[-1].text


async def test_a_translation_and_an_old_version_are_no_conflict() -> None:
    names = ("leave-2026.md", "verlof-2026.md", "leave-2024.md", "working-from-home-2026.md", "thuiswerken-2026.md")
    async with Desk.start(documents=names) as desk:
        for question in ("How many hours of annual leave do I get?", "How many hours of leave may I carry over?",
                         "How many days may I work from home?"):  # fmt: skip
            assert "differ" not in text_of(await desk.say(TOM, question))


ANSWERS = tuple(
    f"answers/{name}.md"
    for name in ("flu-jab", "griepprik", "employer-statement", "werkgeversverklaring", "hiring-an-intern")
)


def own(text: str, **front: object) -> str:
    """An owner's own answer about lockers."""
    keys = {
        "title": "Lockers", "kind": "answer", "language": "en", "owner": "Facilities",
        "questions": "[how do I get a locker, where are the lockers]", **front,
    }  # fmt: skip
    return "---\n" + "\n".join(f"{key}: {value}" for key, value in keys.items()) + f"\n---\n{text}\n"


async def test_an_owner_s_answer_is_shown_whole_with_its_owner_in_the_asker_s_language() -> None:
    async with Desk.start(documents=(*ANSWERS, "leave-2026.md", "sickness-2026.md")) as desk:
        replies = await desk.say(TOM, "Can I get a flu jab at work?")
        assert cited(replies)[0].owner == "HR Services"
        assert "Answer of HR Services" in replies[-1].text
        assert "first Thursday of the month" in replies[-1].text
        assert "It rests on: Reporting sick and returning to work." in replies[-1].text
        dutch = await desk.say(SANNE, "kan ik een griepprik krijgen op het werk?")
        assert "Antwoord van HR Services" in dutch[-1].text
        assert "gratis" in dutch[-1].text


async def test_the_language_model_s_words_do_not_replace_an_owner_s_answer() -> None:
    model = ScriptedModel(
        [calls("search_policies", question="flu jab at work"), says("You can get a flu jab at work, at no cost. [1]")]
    )
    async with Desk.start(documents=ANSWERS, model=model) as desk:
        replies = await desk.say(TOM, "Can I get a flu jab at work?")
        assert "It is your own choice, and nobody is told whether you had one." in replies[-1].text


async def test_an_owner_s_answer_ends_with_its_date_its_source_and_its_readers() -> None:
    until = TODAY + timedelta(days=5)
    basis = rule("Lockers policy", "Lockers are for staff.", id="lockers", effective_until=TODAY + timedelta(days=40))
    documents = {
        "dated.md": own("Ask at desk DATED-1.", effective_until=until),
        "based.md": own("Ask at desk BASED-2.", questions="[how do I reserve a meeting room]", rests_on="[lockers]"),
        "closed.md": own(
            "Ask at desk CLOSED-3.", questions="[how do I apply for a training budget]", audience="[hr-staff]"
        ),
        "lockers.md": basis,
    }
    async with Desk.start(documents=documents) as desk:
        assert "DATED-1" in text_of(await desk.say(TOM, "How do I get a locker?"))
        assert "BASED-2" in text_of(await desk.say(TOM, "How do I reserve a meeting room?"))
        assert "CLOSED-3" not in text_of(await desk.say(TOM, "How do I apply for a training budget?"))
        assert "CLOSED-3" in text_of(await desk.say(HR, "How do I apply for a training budget?"))
        await desk.clock.advance(days=10)
        assert "DATED-1" not in text_of(await desk.say(TOM, "How do I get a locker?"))
        assert "BASED-2" in text_of(await desk.say(TOM, "How do I reserve a meeting room?"))
        await desk.clock.advance(days=40)
        assert "BASED-2" not in text_of(await desk.say(TOM, "How do I reserve a meeting room?"))


NOT_THEIRS = (
    "How do I report sick?", "I have the flu, how do I report sick?", "Who pays for the company doctor?",
    "How many hours of annual leave do I get?", "Can I get a standing desk?", "Do interns get leave?",
    "Can I get a flu test at work?", "How do I change my bank account number?", "Hoe meld ik me ziek?",
)  # fmt: skip


async def test_an_owner_s_answer_takes_no_question_that_is_not_its_own() -> None:
    async with Desk.start(documents=(*ANSWERS, "leave-2026.md", "sickness-2026.md", "ziekmelden-2026.md")) as desk:
        for question in NOT_THEIRS:
            replies = await desk.say(TOM, question)
            assert "Answer of" not in text_of(replies), question
            assert "Antwoord van" not in text_of(replies), question
