"""Replies and cards as rich draws them in a terminal. Pure: a reply in, something to print out."""

from __future__ import annotations

import re

from rich.console import Group, RenderableType
from rich.markdown import Markdown
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from core.catalogue import Catalogue
from core.events import Verb
from core.replies import Button, Card, Citation, Link, Reply

COMMANDS = {
    Verb.CONFIRM: "/confirm",
    Verb.CANCEL: "/cancel",
    Verb.EDIT: "/edit",
    Verb.SEND_CODE: "/resend",
    Verb.PROVE: "/code",
    Verb.NO_CODE: "/nocode",
    Verb.TAKE: "/take",
    Verb.APPROVE: "/approve",
    Verb.DENY: "/deny",
    Verb.NOT_ME: "/notme",
}
SHORT = 8


def draw_reply(reply: Reply, sentences: Catalogue) -> RenderableType:
    """A whole reply: text, the clauses it rests on, and its card."""
    parts: list[RenderableType] = []
    if reply.text:
        # A line break in a reply is meant; Markdown would run the lines together.
        parts.append(Markdown(reply.text.replace("\n", "  \n")))
    numbered = enumerate(reply.citations, start=1)
    parts += [_draw_citation(number, citation, reply, sentences) for number, citation in numbered]
    if reply.card is not None:
        parts.append(draw_card(reply.card, reply.language, sentences))
    if reply.model:
        parts.append(Text(reply.model, style="dim"))
    return Group(*parts)


def draw_card(card: Card, language: str, sentences: Catalogue) -> RenderableType:
    """A card with its facts whole, and its buttons as commands."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for fact in card.facts:
        table.add_row(Text(fact.label), Text(fact.value))
    table.add_row(Text(sentences.say("card_state", language)), Text(card.state))
    rows: list[RenderableType] = [Text(card.title, style="bold"), table]
    if card.note:
        rows.append(Text(card.note, style="italic"))
    # A terminal draws no forms: what is to be different is said in words.
    rows += [_draw_button(button, card.action_id) for button in card.buttons if button.verb is not Verb.EDIT]
    number = f"{sentences.say('card_number', language)} {card.action_id[:SHORT]}"
    panel = Panel(Group(*rows), title=Text(number), title_align="left", expand=False)
    return Group(panel, *(draw_link(link) for link in card.links)) if card.links else panel


def _draw_citation(number: int, citation: Citation, reply: Reply, sentences: Catalogue) -> RenderableType:
    """The clause behind `[number]`. Its words are shown only where the answer does not quote them itself."""
    line = sentences.say("citation", reply.language, title=citation.title, heading=citation.heading, path=citation.path)
    text = Text(f"  [{number}] ").append(line, style="cyan")
    if citation.note and citation.note not in reply.text:
        text.append(f"  {citation.note}", style="yellow")
    quoted = _words(citation.quote) <= _words(reply.text)
    return text if quoted else text.append(f"\n  “{citation.quote}”", style="dim italic")


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


def draw_link(link: Link) -> RenderableType:
    """The whole address below the frame, which would cut through it: people copy it, or click where a terminal can."""
    text = Text("  ", overflow="fold").append(f"[{link.label}]", style="bold green")
    return text.append(f"\n{link.address}", style=f"cyan link {link.address}")


def _draw_button(button: Button, action_id: str) -> RenderableType:
    command = f"{COMMANDS[button.verb]} {action_id[:SHORT]}"
    if button.verb is Verb.PROVE:
        command = f"{COMMANDS[button.verb]} 123456 {action_id[:SHORT]}"
    elif button.fields:
        command += "".join(f" {field.upper()}" for field in button.fields)
    return Text("  ").append(f"[{button.label}]", style="bold green").append(f"  {command}", style="dim")
