"""The interview about one operation: what is proposed, what the admin says, and the document that comes of both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from core.errors import ConfigError
from core.plain_text import one_line
from core.risk import Risk
from loket.command.adding.asking import Asker, Question, as_text, lines_of, pairs_of
from loket.command.adding.example import value_of
from loket.command.adding.sources import Offer, reference_of
from loket.command.adding.templates import examples_of, title_of
from tools.added.document import ToolDocument
from tools.registry import refuse_name

TIERS = tuple(risk.value for risk in Risk)
Suggest = Callable[[str, str, Risk], dict[str, list[str]]]
"""Name, description and risk → examples by language: the templates', or a language model's for an admin to judge."""


class Interview:
    """Asks about one offer after the other. `taken` are the names of all tools; `approvers` the group proposed."""

    def __init__(self, asker: Asker, taken: set[str], approvers: str = "it-approvers") -> None:
        self._asker = asker
        self._taken = taken
        self._approvers = approvers

    def about(self, offer: Offer, suggest: Suggest | None = None) -> ToolDocument:
        """The document. Raises `ConfigError` that names the question and the fix."""
        wire = offer.proposal.wire_name
        if offer.proposal.problems:
            raise ConfigError(f"{wire} cannot be added: {'; '.join(offer.proposal.problems)}")
        values = offer.bind(self._bindings(offer))
        values["name"] = self._name(wire, str(values["name"]))
        values["description"] = self._description(wire, str(values["description"]))
        risk = self._risk(wire, offer, Risk(values["risk"]))
        values["risk"] = risk.value
        values["title"] = self._titles(wire, values["name"])
        values["examples"] = self._examples(wire, values["name"], values["description"], risk, suggest)
        values["mask"] = self._mask(wire, values)
        values |= self._limits(wire, risk)
        values |= self._people(wire, risk)
        values |= self._place(wire, values, risk)
        values["contract"] = values.get("contract", []) or self._contract(wire, values)
        self._taken.add(values["name"])
        return document_of(values, wire)

    def _ask(self, wire: str, key: str, text: str, why: str, default: str = "", choices: tuple[str, ...] = ()) -> str:
        return self._asker.ask(Question(key, text, why, default, choices), wire)

    def _bindings(self, offer: Offer) -> dict[str, str]:
        proposed = {name: offer.suggested.get(name, "requester.employee_id") for name in offer.proposal.to_bind}
        said = "; ".join(f"{name}={who}" for name, who in proposed.items())
        why = "Filled from the verified person, sealed, never asked of a model: nobody can say that they are another."
        answer = self._ask(offer.proposal.wire_name, "bindings", "Filled from the verified person", why, said)
        found = pairs_of("bindings", answer)
        if missing := sorted(set(offer.proposal.must_bind) - set(found)):
            raise ConfigError(
                f"bindings: {missing[0]!r} says who it is about: bind it, such as {missing[0]}=requester.employee_id"
            )
        return found

    def _name(self, wire: str, proposed: str) -> str:
        why = f"One plain name for {wire}; models and the audit call it by this. It may not look like another tool's."
        name = self._ask(wire, "name", "Name", why, proposed)
        refuse_name(name, self._taken)
        return name

    def _description(self, wire: str, proposed: str) -> str:
        why = "What a model reads of it: what it does and for what. It may not tell the model anything else."
        return one_line(self._ask(wire, "description", "Description", why, proposed))

    def _risk(self, wire: str, offer: Offer, least: Risk) -> Risk:
        allowed = [one for one in Risk if one.rank >= (0 if offer.may_read else least.rank)]
        why = (
            f"By its method and its words it is at least {least}. read runs at once; write after the requester's yes; "
            "sensitive after one approver; critical after two; forbidden never."
        )
        choices = tuple(one.value for one in allowed)
        return Risk(self._ask(wire, "risk", "Risk", why, least.value, choices))

    def _titles(self, wire: str, name: str) -> dict[str, str]:
        proposed, why = title_of(name), "What buttons, forms and cards say."
        return {one: self._ask(wire, f"title_{one}", f"Title ({one})", why, proposed[one]) for one in ("en", "nl")}

    def _examples(
        self, wire: str, name: str, description: str, risk: Risk, suggest: Suggest | None
    ) -> dict[str, list[str]]:
        proposed = suggest(name, description, risk) if suggest else examples_of(name, risk)
        why = "What people really type, at least five, with ; between: the built-in model chooses by these."
        return {
            one: lines_of(self._ask(wire, f"examples_{one}", f"Examples ({one})", why, "; ".join(proposed[one])))
            for one in ("en", "nl")
        }

    def _mask(self, wire: str, values: Mapping[str, Any]) -> list[str]:
        known = sorted({*values["arguments"].get("properties", {}), *values.get("bindings", {})})
        if not known:
            return []
        why = f"Arguments whose values stay out of logs and away from models elsewhere: of {', '.join(known)}."
        return lines_of(self._ask(wire, "mask", "Mask", why, "; ".join(values.get("bindings", {}))))

    def _limits(self, wire: str, risk: Risk) -> dict[str, Any]:
        why = "How often one person may use it, as 5/day; a mistake or a loop then ends by itself. none: no limit."
        answer = self._ask(wire, "rate_limit", "At most", why, "30/hour" if risk is Risk.READ else "5/day")
        if answer == "none":
            return {}
        times, _, per = answer.partition("/")
        if not times.isdigit() or per not in ("minute", "hour", "day"):
            raise ConfigError(f"rate_limit: {answer!r} is not written as 5/minute, 5/hour or 5/day")
        return {"rate_limit": {"times": int(times), "per": per}}

    def _people(self, wire: str, risk: Risk) -> dict[str, Any]:
        why = "Who may ask for it, as groups of the directory; empty: every employee."
        groups = lines_of(self._ask(wire, "groups", "Who may ask", why))
        if risk is Risk.READ:
            return {"groups": groups}
        asked = risk in (Risk.SENSITIVE, Risk.CRITICAL)
        why = (
            "Groups whose members may say yes; more of them than are needed, because nobody approves their own request."
        )
        approvers = lines_of(self._ask(wire, "approvers", "Who must approve", why, self._approvers if asked else ""))
        rule: dict[str, Any] = {"tier": risk.value}
        return {"groups": groups, "rule": {**rule, "approvers": approvers} if approvers else rule}

    def _place(self, wire: str, values: Mapping[str, Any], risk: Risk) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if hosts := values.get("hosts"):
            why = f"It reaches {', '.join(hosts)} and nothing else. Name those with addresses inside your own network."
            inside = self._ask(wire, "internal_hosts", "Inside", why, "; ".join(values.get("internal_hosts", [])))
            found["internal_hosts"] = lines_of(inside)
        scheme = values.get("credential")
        if scheme is not None or (values["kind"] == "mcp" and values.get("hosts")):
            why = "Where its credential is kept (never what it is): env:LOKET_TOOL_…, file:NAME, command:NAME; or none."
            answer = self._ask(wire, "credential", "Credential", why, "none")
            if answer != "none":
                reference = reference_of(answer).model_dump(mode="json", by_alias=True)
                found["credential"] = {**(scheme or {}), "read" if risk is Risk.READ else "write": reference}
            elif scheme is not None:
                raise ConfigError("credential: the source asks who is calling; say where its credential is kept")
        return found

    def _contract(self, wire: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        why = "An example of use that every check tries again, as argument=value; -: it takes no arguments."
        shapes = values["arguments"].get("properties", {})
        made_up = {name: value_of(shapes[name]) for name in values["arguments"].get("required", []) if name in shapes}
        proposed = "; ".join(f"{name}={as_text(value)}" for name, value in made_up.items()) or "-"
        answer = self._ask(wire, "example", "Arguments of an example", why, proposed)
        return [{"arguments": {} if answer == "-" else _typed(pairs_of("example", answer))}]


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


def _typed(pairs: Mapping[str, str]) -> dict[str, Any]:
    """Whole numbers and yes and no as what they are; the rest is text."""
    words = {"true": True, "false": False, "yes": True, "no": False}
    return {
        name: words[value] if value in words else (int(value) if value.lstrip("-").isdigit() else value)
        for name, value in pairs.items()
    }
