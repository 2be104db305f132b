"""The interview about one operation: what is proposed, what the admin says, and the document that comes of both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from pydantic import ValidationError

from core.errors import ConfigError
from core.plain_text import one_line
from core.risk import Risk
from loket.command.adding import soundness
from loket.command.adding.asking import Asker, Question, as_value, lines_of
from loket.command.adding.earlier import Before, earlier_of
from loket.command.adding.example import value_of
from loket.command.adding.sources import Offer
from loket.command.adding.templates import examples_of, title_of
from tools.added.document import ToolDocument
from tools.registry import refuse_name

TIERS = tuple(risk.value for risk in Risk)
Suggest = Callable[[str, str, Risk], dict[str, list[str]]]
"""Name, description and risk → examples by language: the templates', or a language model's for an admin to judge."""


class Interview:
    """Asks about one offer after the other. `taken` are the names of all tools; `known` the newest documents of the
    added ones: where one is of the same source, what it says is proposed, and what comes of it is its next version;
    `approvers` is the group that is proposed."""

    def __init__(
        self, asker: Asker, taken: set[str], known: Iterable[ToolDocument] = (), approvers: str = "it-approvers"
    ) -> None:
        self._asker = asker
        self._taken = taken
        self._known = tuple(known)
        self._approvers = approvers
        self._wire = ""
        self._before = Before(None)

    def about(self, offer: Offer, suggest: Suggest | None = None) -> ToolDocument:
        """The document. Raises `ConfigError` that names the question and the fix."""
        self._wire = offer.proposal.wire_name
        if offer.proposal.problems:
            raise ConfigError(f"{self._wire} cannot be added: {'; '.join(offer.proposal.problems)}")
        self._before = Before(earlier_of(offer.proposal.values, self._known))
        values = offer.bind(self._bindings(offer))
        values["name"] = self._name(str(values["name"]))
        values["description"] = self._description(str(values["description"]))
        risk = self._risk(offer, Risk(values["risk"]))
        values["risk"] = risk.value
        values["title"] = self._titles(values["name"])
        values["examples"] = self._examples(values, risk, suggest)
        values["mask"] = self._mask(values)
        values |= self._limits(risk)
        values |= self._people(risk)
        values |= self._place(values, risk)
        values["contract"] = values.get("contract", []) or self._contract(values)
        self._taken.add(values["name"])
        return document_of(self._before.kept(values), self._wire)

    def _ask(self, key: str, text: str, why: str, default: str = "", **rules: Any) -> str:
        return self._asker.ask(Question(key, text, why, self._before.answer(key, default), **rules), self._wire)

    def _bindings(self, offer: Offer) -> dict[str, str]:
        proposed = {name: offer.suggested.get(name, "requester.employee_id") for name in offer.proposal.to_bind}
        shapes = offer.proposal.values["arguments"].get("properties", {})
        before = self._before.document.bindings if self._before.document else {}
        proposed |= {name: who for name, who in before.items() if name in {*shapes, *proposed}}
        known, must = sorted({*shapes, *proposed}), offer.proposal.must_bind
        if not known:
            return {}

        def sound(answer: str) -> dict[str, str]:
            return soundness.bindings(answer, known, must)

        said = "; ".join(f"{name}={who}" for name, who in proposed.items())
        why = "Filled from the verified person, sealed, never asked of a model: nobody can say that they are another."
        return sound(self._ask("bindings", "Filled from the verified person", why, said, sound=sound))

    def _name(self, proposed: str) -> str:
        before = self._before.document
        taken = self._taken - {before.name} if before else self._taken
        why = f"One plain name for {self._wire}; models and the audit call it by this. Unlike any other tool's."
        return self._ask("name", "Name", why, proposed, sound=lambda name: refuse_name(name, taken))

    def _description(self, proposed: str) -> str:
        why = "What a model reads of it: what it does and for what. It may not tell the model anything else."
        return one_line(self._ask("description", "Description", why, proposed, sound=soundness.description))

    def _risk(self, offer: Offer, least: Risk) -> Risk:
        allowed = [one for one in Risk if one.rank >= (0 if offer.may_read else least.rank)]
        why = (
            f"By its method and its words it is at least {least}. read runs at once; write after the requester's yes; "
            "sensitive after one approver; critical after two; forbidden never."
        )
        choices = tuple(one.value for one in allowed)
        return Risk(self._ask("risk", "Risk", why, self._before.risk(least, allowed).value, choices=choices))

    def _titles(self, name: str) -> dict[str, str]:
        proposed, why = title_of(name), "What buttons, forms and cards say."
        found = {}
        for one in ("en", "nl"):
            sound = partial(soundness.title, f"title_{one}")
            found[one] = self._ask(f"title_{one}", f"Title ({one})", why, proposed[one], sound=sound)
        return found

    def _examples(self, values: Mapping[str, Any], risk: Risk, suggest: Suggest | None) -> dict[str, list[str]]:
        name = values["name"]
        if suggest is not None:
            proposed = suggest(name, values["description"], risk)
        else:
            proposed = examples_of(name, risk, owned=bool(values.get("bindings")))
        why = "What people really type, at least five, with ; between: the built-in model chooses by these."
        found = {}
        for one in ("en", "nl"):
            key, sound = f"examples_{one}", partial(soundness.examples, f"examples_{one}")
            found[one] = lines_of(self._ask(key, f"Examples ({one})", why, "; ".join(proposed[one]), sound=sound))
        return found

    def _mask(self, values: Mapping[str, Any]) -> list[str]:
        known = sorted({*values["arguments"].get("properties", {}), *values.get("bindings", {})})
        if not known:
            return []
        why = f"Arguments whose values stay out of logs and away from models elsewhere: of {', '.join(known)}."
        before = self._before.document.mask if self._before.document else ()
        proposed = "; ".join(dict.fromkeys([*values.get("bindings", {}), *(one for one in before if one in known)]))

        def sound(answer: str) -> None:
            soundness.among("mask", lines_of(answer), known)

        return lines_of(self._ask("mask", "Mask", why, proposed, sound=sound))

    def _limits(self, risk: Risk) -> dict[str, Any]:
        why = "How often one person may use it, as 5/day; a mistake or a loop then ends by itself. none: no limit."
        often = "30/hour" if risk is Risk.READ else "5/day"
        return soundness.rate_limit(self._ask("rate_limit", "At most", why, often, sound=soundness.rate_limit))

    def _people(self, risk: Risk) -> dict[str, Any]:
        why = "Who may ask for it, as groups of the directory; empty: every employee."
        groups = lines_of(self._ask("groups", "Who may ask", why))
        if risk is Risk.READ:
            return {"groups": groups}
        asked = risk in (Risk.SENSITIVE, Risk.CRITICAL)
        why = (
            "Groups whose members may say yes; more of them than are needed, because nobody approves their own request."
        )
        approvers = lines_of(self._ask("approvers", "Who must approve", why, self._approvers if asked else ""))
        rule: dict[str, Any] = {"tier": risk.value}
        return {"groups": groups, "rule": {**rule, "approvers": approvers} if approvers else rule}

    def _place(self, values: Mapping[str, Any], risk: Risk) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if hosts := values.get("hosts"):
            why = f"It reaches {', '.join(hosts)} and nothing else. Name those with addresses inside your own network."

            def sound(answer: str) -> None:
                soundness.among("internal_hosts", lines_of(answer), hosts)

            proposed = "; ".join(values.get("internal_hosts", []))
            found["internal_hosts"] = lines_of(self._ask("internal_hosts", "Inside", why, proposed, sound=sound))
        scheme = values.get("credential")
        asked = scheme is not None or (values["kind"] == "mcp" and values.get("hosts"))
        if asked and (reference := self._credential(values["name"], asked=scheme is not None)):
            found["credential"] = {**(scheme or {}), "read" if risk is Risk.READ else "write": reference}
        return found

    def _credential(self, name: str, *, asked: bool) -> dict[str, Any] | None:
        def sound(answer: str) -> dict[str, Any] | None:
            return soundness.credential(answer, asked=asked)

        why = "Where its credential is kept (never what it is): env:LOKET_TOOL_…, file:NAME, command:NAME; or none."
        here = f"env:LOKET_TOOL_{name.upper()}" if asked else "none"
        return sound(self._ask("credential", "Credential", why, here, sound=sound))

    def _contract(self, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        def sound(answer: str) -> dict[str, Any]:
            return soundness.example(answer, values["arguments"])

        why = "An example of use that every check tries again, as argument=value; -: it takes no arguments."
        shapes = values["arguments"].get("properties", {})
        made_up = {name: value_of(shapes[name]) for name in values["arguments"].get("required", []) if name in shapes}
        before = self._before.example()
        fits = before is not None and set(before) <= set(shapes) and set(made_up) <= set(before)
        proposed = "; ".join(f"{name}={as_value(one)}" for name, one in ((fits and before) or made_up).items()) or "-"
        return [{"arguments": sound(self._ask("example", "Arguments of an example", why, proposed, sound=sound))}]


def document_of(values: Mapping[str, Any], wire: str) -> ToolDocument:
    """The document of these values. Raises `ConfigError` that names the place."""
    try:
        return ToolDocument.model_validate(dict(values))
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, one['loc'])) or 'document'}: {one['msg'].removeprefix('Value error, ')}"
            for one in error.errors(include_url=False, include_input=False)[:5]
        )
        raise ConfigError(f"{wire}: {problems}") from error
