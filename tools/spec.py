"""How a tool is declared: a Python function with type hints and a docstring, and `@tool(risk=…)`.

A read tool is `async def f(ctx: ToolContext, …) -> Found` and runs in the turn. Every other tool is
`async def f(ctx: ActionContext, …) -> Effect`: its body is the effect and only the executor runs it.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal, get_type_hints

import rfc8785
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from core.chat import ToolSchema
from core.errors import ConfigError, ToolRetry
from core.risk import Risk

REQUESTER = "requester"
"""The tool is about the person who asks; there is no parameter for whom."""
NOBODY = ""
"""The tool is about no person in particular (a ticket)."""

# Names that would let a model choose an identity or an approval. No tool may have such a parameter (S-05).
RESERVED = frozenset({"requester", "requester_id", "approver", "approver_id", "approved", "approval", "role", "tier"})


class Arguments(BaseModel):
    """What every argument model inherits: no unknown fields, no conversion, no white space around."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, str_strip_whitespace=True)


@dataclass(frozen=True, slots=True)
class Tool:
    """A declared tool. `run` is the function itself.

    `subject` is `REQUESTER`, `NOBODY` or the name of the `PersonName` argument that says whom the action is about.
    `proof`: the subject's identity must be proved first. `credential`: a temporary credential is made and delivered.
    `groups`: who may ask; empty means every employee. `prepare(ctx, subject, **arguments) -> Draft` reads only.
    `reconcile(ctx, **arguments) -> Effect | None` reads whether a doubtful effect happened.
    `repeats_with`: `accounts` or `tickets` when the whole effect is one call there under the action's key: then it
    may be called again after a crash if that system recognises the key. `service`: an outside service of an added tool,
    whose document says that it does. Empty: never again.
    `issues_pass`: the credential is a one-time pass. The outside system may make it itself and say it once, so after a
    doubt nobody has it.
    `pins` are what the manifest adds to the definition (bindings, hosts): part of the hash, unseen by the model.
    """

    name: str
    description: str
    risk: Risk
    arguments: type[Arguments]
    run: Callable[..., Awaitable[Any]]
    subject: str = NOBODY
    proof: bool = False
    credential: bool = False
    groups: frozenset[str] = frozenset()
    prepare: Callable[..., Awaitable[Any]] | None = None
    reconcile: Callable[..., Awaitable[Any]] | None = None
    pins: tuple[str, ...] = ()
    repeats_with: Literal["", "accounts", "tickets", "service"] = ""
    issues_pass: bool = False

    @property
    def schema(self) -> ToolSchema:
        """What the model sees."""
        parameters = self.arguments.model_json_schema()
        parameters.pop("title", None)
        return ToolSchema(self.name, self.description, parameters)

    @property
    def definition_hash(self) -> str:
        """SHA-256 over everything that decides what the tool does; sealed with each action."""
        definition = {
            "name": self.name,
            "description": self.description,
            "risk": self.risk.value,
            "parameters": self.schema.parameters,
            "subject": self.subject,
            "proof": self.proof,
            "credential": self.credential,
            "groups": sorted(self.groups),
            "pins": sorted(self.pins),
        }
        return hashlib.sha256(rfc8785.dumps(definition)).hexdigest()

    def check(self, arguments: object) -> dict[str, Any]:
        """Validated arguments as plain JSON values. Raises `ToolRetry` that names every problem for the model."""
        try:
            return self.arguments.model_validate(arguments).model_dump(mode="json")
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(str(part) for part in problem['loc']) or 'arguments'}: {problem['msg']}"
                for problem in error.errors(include_url=False, include_input=False)
            )
            raise ToolRetry(f"the arguments of {self.name!r} do not fit: {problems}") from error


def tool(  # noqa: PLR0913 - a declaration says all of it by name
    *,
    risk: Risk,
    subject: str = NOBODY,
    proof: bool = False,
    credential: bool = False,
    groups: frozenset[str] = frozenset(),
    prepare: Callable[..., Awaitable[Any]] | None = None,
    reconcile: Callable[..., Awaitable[Any]] | None = None,
    repeats_with: Literal["", "accounts", "tickets", "service"] = "",
    issues_pass: bool = False,
) -> Callable[[Callable[..., Awaitable[Any]]], Tool]:
    """Turn a function into a `Tool`. Raises `ConfigError` for a declaration that cannot be safe."""

    def declare(function: Callable[..., Awaitable[Any]]) -> Tool:
        name = function.__name__
        description = inspect.getdoc(function)
        if not description:
            raise ConfigError(f"the tool {name!r} needs a docstring: it is what the model reads")
        arguments = _arguments_of(function)
        if subject not in (NOBODY, REQUESTER) and subject not in arguments.model_fields:
            raise ConfigError(f"the tool {name!r} names {subject!r} as its subject but has no such parameter")
        return Tool(
            name,
            description,
            risk,
            arguments,
            function,
            subject,
            proof,
            credential,
            groups,
            prepare,
            reconcile,
            repeats_with=repeats_with,
            issues_pass=issues_pass,
        )

    return declare


def _arguments_of(function: Callable[..., Awaitable[Any]]) -> type[Arguments]:
    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {}
    for name, parameter in list(inspect.signature(function).parameters.items())[1:]:
        if name in RESERVED:
            raise ConfigError(f"the tool {function.__name__!r} may not take {name!r}: identity is never an argument")
        if name not in hints:
            raise ConfigError(f"the parameter {name!r} of the tool {function.__name__!r} needs a type")
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        fields[name] = (hints[name], default)
    return create_model(f"{function.__name__}_arguments", __base__=Arguments, **fields)
