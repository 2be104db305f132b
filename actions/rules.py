"""Who must say yes before a tool runs: the released `rules.yaml`, read so that an IT manager and the code agree."""

from __future__ import annotations

from pathlib import Path

import structlog
from pydantic import ValidationError

from actions import released
from actions.rule_forms import Brake, Names, ProofMethod, Rule, Rules
from actions.strict_yaml import read_yaml
from core.errors import ConfigError
from core.risk import strictest
from storage import Tx
from tools.added import versions
from tools.added.document import ToolDocument

__all__ = ["FIRST_RULES", "Brake", "Names", "ProofMethod", "Rule", "RuleBook", "Rules", "parse", "rule_of_document"]

log = structlog.get_logger(__name__)
FIRST_RULES = Path(__file__).with_name("rules.yaml")


def parse(document: str, where: str = "rules.yaml") -> Rules:
    """The rules in a YAML text. Raises `ConfigError` that names every place and what would be right."""
    try:
        return Rules.model_validate(read_yaml(document))
    except ValueError as error:
        if not isinstance(error, ValidationError):
            raise ConfigError(f"{where} is not valid YAML: {' '.join(str(error).split())}") from error
        raise ConfigError(_problems(error, where)) from error


def _problems(error: ValidationError, where: str, remark: str = "the released rules stay in force") -> str:
    problems = "; ".join(
        f"{'.'.join(str(part) for part in problem['loc']) or 'file'}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_input=False)
    )
    one_line = " ".join(problems.split())
    return f"{where} cannot be used{f', {remark}' if remark else ''}: {one_line}"


def rule_of_document(rules: Rules, document: ToolDocument) -> Rule:
    """The rule that holds for an added tool: its document's, and where rules.yaml names the tool, the stricter of both.

    Raises `ConfigError` for a rule that is below the tool's own risk, or that could not stand in rules.yaml.
    """
    name, rules = document.name, rules.as_written
    try:
        rule = Rule.model_validate(document.rule)
        if rule.tier.rank < document.risk.rank:
            raise ValueError(f"its tier {rule.tier} is below the risk of the tool, {document.risk}")
        rules.refuse_unsound(name, rule)
        if (written := rules.tools.get(name)) is not None:
            most = {
                "tier": strictest(rule.tier, written.tier),
                "approvals": max(rule.approvals, written.approvals),
                "approvers_sign_in": rule.approvers_sign_in or written.approvers_sign_in,
            }
            rule = written.model_copy(update={**most, "approvers": written.approvers or rule.approvers})
            rules.refuse_unsound(name, rule)
    except ValidationError as error:
        raise ConfigError(_problems(error, f"the rule of {name!r}", "")) from error
    except ValueError as error:
        raise ConfigError(f"the rule of {name!r}: {error}") from error
    return rule


class RuleBook:
    """The released versions, and beside them the rules of released tool documents.

    A file on disk is only ever a proposal; what is in the tables is in force.
    """

    def __init__(self) -> None:
        self._parsed: dict[int, Rules] = {}
        self._ignored: set[int] = set()
        self._added: tuple[int, tuple[ToolDocument, ...]] = (0, ())
        self._whole: dict[tuple[int, int], Rules] = {}

    def open(self, tx: Tx) -> None:
        """Put the packaged rules in force as version 1 on a new database. Called once at start."""
        document = FIRST_RULES.read_text(encoding="utf-8")
        parse(document)
        released.put_in_force(tx, 1, document, "first", "system:setup")

    def current(self, tx: Tx) -> tuple[int, Rules]:
        """The version in force and its rules. Raises `ConfigError` when none was ever released, or when the last one
        is not as it was released: default deny."""
        version = released.newest(tx)
        if version not in self._parsed or version < max(self._parsed):
            version = self._in_force(tx)
        return version, self._with_added(tx, version)

    def of(self, tx: Tx, version: int) -> Rules | None:
        """The rules of one version, in force or not; None for one that was never released or cannot be read now."""
        if version not in self._parsed:
            try:
                self._parsed[version] = parse(self.document(tx, version))
            except ConfigError:
                return None
        return self._with_added(tx, version)

    def document(self, tx: Tx, version: int) -> str:
        """The text of one released version. Raises `ConfigError` for one that is not there as it was released."""
        return released.text_of(tx, version)

    def _in_force(self, tx: Tx) -> int:
        version, ignored = released.in_force(tx)
        for number in set(ignored) - self._ignored:
            log.error("rules_not_released", version=number, in_force=version)
        self._ignored.update(ignored)
        if version not in self._parsed:
            self._parsed[version] = parse(self.document(tx, version), f"rules version {version}")
        return version

    def _with_added(self, tx: Tx, version: int) -> Rules:
        """These rules and those of the added tools in force. A tool whose rule cannot hold has none, so never runs."""
        edition, documents = self._documents(tx)
        rules = self._parsed[version]
        if not documents:
            return rules
        if (known := self._whole.get((version, edition))) is not None:
            return known
        tools = dict(rules.tools)
        for document in documents:
            try:
                tools[document.name] = rule_of_document(rules, document)
            except ConfigError as error:
                tools.pop(document.name, None)
                log.error("added_rule_unusable", tool=document.name, problem=str(error))
        whole = rules.model_copy(update={"tools": tools})
        whole._written = rules
        # a new dict: other threads may be reading this one
        self._whole = {**{key: one for key, one in self._whole.items() if key[1] == edition}, (version, edition): whole}
        return whole

    def _documents(self, tx: Tx) -> tuple[int, tuple[ToolDocument, ...]]:
        """The documents in force of tools that change something; read again only after a release."""
        edition, known = versions.edition(tx), self._added
        if edition == known[0]:
            return known
        found: list[ToolDocument] = []
        for state in versions.in_force(tx).values():
            last = state.full or state.canary
            row = versions.version(tx, last.name, last.number) if last else None
            try:
                document = row.read() if row is not None and last is not None and row.hash == last.hash else None
            except ConfigError:
                document = None  # the shelf cannot load it either, and says so
            if document is not None and document.rule:
                found.append(document)
        self._added = (edition, tuple(found))
        return edition, tuple(found)
