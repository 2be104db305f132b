"""What an answer of the interview may be: each raises `ConfigError` with what would be right, where it is given."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Annotated, Any, get_args

from pydantic import Field, TypeAdapter, ValidationError

from core.errors import ConfigError
from loket.command.adding.asking import lines_of, pairs_of
from loket.command.adding.sources import reference_of
from loket.command.nearest import did_you_mean
from tools.added.arguments_of import arguments_of
from tools.added.checks.examples import FEWEST
from tools.added.document import Bound, ToolDocument
from tools.manifest import ExampleSet

YES_AND_NO = {"true": True, "false": False, "yes": True, "no": False}


def of_field(name: str) -> TypeAdapter[Any]:
    """What the document takes in one of its fields."""
    field = ToolDocument.model_fields[name]
    return TypeAdapter(Annotated[field.annotation, *field.metadata])  # type: ignore[arg-type]


def description(answer: str) -> None:
    """As long as a document takes it."""
    _fits("description", of_field("description"), answer)


def title(key: str, answer: str) -> None:
    """One line that says something."""
    _fits(key, TypeAdapter(Annotated[str, Field(min_length=1, max_length=200)]), answer)


def examples(key: str, answer: str) -> None:
    """Enough of them, none twice."""
    lines = lines_of(answer)
    if len(lines) < FEWEST:
        raise ConfigError(f"{key}: {len(lines)} of at least {FEWEST}, with ; between them")
    try:
        ExampleSet.model_validate({"en": lines, "nl": lines})
    except ValidationError as error:
        said = error.errors(include_url=False, include_input=False)[0]["msg"].removeprefix("Value error, ")
        raise ConfigError(f"{key}: {said}") from error


def bindings(answer: str, known: Collection[str], must: Iterable[str]) -> dict[str, str]:
    """Arguments that there are, each filled with something known of a person; all of those that `must` be."""
    found = pairs_of("bindings", answer)
    if missing := sorted(set(must) - set(found)):
        raise ConfigError(
            f"bindings: {missing[0]!r} says who it is about: bind it, such as {missing[0]}=requester.employee_id"
        )
    for name, who in found.items():
        among("bindings", [name], known)
        if who not in get_args(Bound):
            meant = did_you_mean(who, get_args(Bound))
            raise ConfigError(f"bindings: {who!r} is none of: {', '.join(get_args(Bound))}.{meant}")
    return found


def among(key: str, wanted: Iterable[str], known: Collection[str]) -> None:
    """Only names that there are."""
    for one in wanted:
        if one not in known:
            there = ", ".join(known) or "none"
            raise ConfigError(f"{key}: there is no {one!r}; there are: {there}.{did_you_mean(one, known)}")


def rate_limit(answer: str) -> dict[str, Any]:
    """`{"rate_limit": …}`; empty for `none`."""
    if answer == "none":
        return {}
    times, _, per = answer.partition("/")
    if not (times.isascii() and times.isdigit() and 1 <= int(times) <= 1000) or per not in ("minute", "hour", "day"):
        raise ConfigError(f"rate_limit: {answer!r} is not written as 5/minute, 5/hour or 5/day (at most 1000), or none")
    return {"rate_limit": {"times": int(times), "per": per}}


def credential(answer: str, *, asked: bool) -> dict[str, Any] | None:
    """The reference; None for `none`, which is no answer where the source asks who is calling."""
    if answer != "none":
        return reference_of(answer).model_dump(mode="json", by_alias=True)
    if asked:
        raise ConfigError("credential: the source asks who is calling; say where its credential is kept")
    return None


def example(answer: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments by name, each as its schema has it, all of them together fitting the tool."""
    shapes = arguments.get("properties", {})
    given = {} if answer == "-" else pairs_of("example", answer)
    among("example", given, shapes)
    values = {name: _typed(shapes[name], value) for name, value in given.items()}
    try:
        arguments_of("example", arguments).model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "arguments"
        raise ConfigError(f"example: {where}: {first['msg']}; write {where}=VALUE") from error
    except ConfigError:
        pass  # the schema itself cannot be: the check says so
    return values


def _typed(shape: Mapping[str, Any], text: str) -> Any:
    """A number, yes or no, or a list where the schema wants one; a text stays a text, also when it looks like one."""
    kind = shape.get("type")
    if kind == "boolean":
        return YES_AND_NO.get(text.casefold(), text)
    if kind == "string":
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _fits(key: str, adapter: TypeAdapter[Any], answer: str) -> None:
    try:
        adapter.validate_python(answer)
    except ValidationError as error:
        raise ConfigError(f"{key}: {error.errors(include_url=False, include_input=False)[0]['msg']}") from error
