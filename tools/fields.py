"""Any tool's arguments as a form, and a filled form as arguments: what is wrong is said at its field, with the fix."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from core.fields import Choice, Field, FieldKind, Form
from core.plain_text import visible
from core.risk import Risk
from tools.loaded import LoadedTool
from tools.spec import NOBODY
from tools.texts import TEXTS

MOST_FIELDS = 40
_NUMBER = re.compile(r"[+-]?\d{1,15}(?:[.,]\d{1,10})?")
_YES, _NO = ("yes", "ja", "true"), ("no", "nee", "false")


@dataclass(frozen=True, slots=True)
class Answers:
    """A filled form: `arguments` for the tool, and what is wrong by field. `foreign`: it has a field that the tool has
    not, so nobody made it in our form."""

    arguments: Mapping[str, Any]
    errors: Mapping[str, str]
    foreign: bool = False


def form_of(
    loaded: LoadedTool, language: str, known: Mapping[str, Any] | None = None, replaces: str = ""
) -> Form | None:
    """The form of a tool that changes something, with what is known already; None where it has none that fits.

    What a tool is about is said in the chat, in the person's own words: a tool that takes a person has no form.
    """
    if loaded.tool.risk is Risk.READ or loaded.tool.subject != NOBODY:
        return None
    fields = loaded.fields.get(language) or loaded.fields.get("en") or _fields_of(loaded, language)
    if not fields or len(fields) > MOST_FIELDS:
        return None
    filled = tuple(dataclasses.replace(field, value=_written((known or {}).get(field.name))) for field in fields)
    submit = TEXTS.say("form.submit", language)
    return Form(loaded.title(language), filled, submit, loaded.name, language, replaces)


def read_answers(form: Form, values: Mapping[str, str], today: date) -> Answers:
    """The values of a form as arguments of its tool. `today` is the day for bounds of dates."""
    names = {field.name for field in form.fields}
    arguments: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for field in form.fields:
        text = values.get(field.name, "").strip()
        if not visible(text).strip():
            if field.required:
                errors[field.name] = TEXTS.say("field.missing", form.language, label=field.label)
            continue
        value, fault = _read(field, text, today, form.language)
        if fault:
            errors[field.name] = fault
        else:
            arguments[field.name] = value
    return Answers(arguments, errors, foreign=not set(values) <= names)


def day_fault(text: str, least: float | None, most: float | None, today: date, language: str) -> str:
    """What is wrong with a day that has to lie so many days from today; empty where nothing is."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return TEXTS.say("field.date", language)
    first = today + timedelta(days=least) if least is not None else None
    last = today + timedelta(days=most) if most is not None else None
    if (first is not None and day < first) or (last is not None and day > last):
        return _between("field.day", first, last, language)
    return ""


def _read(field: Field, text: str, today: date, language: str) -> tuple[Any, str]:
    match field.kind:
        case FieldKind.CHOICE:
            if text in {one.value for one in field.choices}:
                return text, ""
            choices = ", ".join(one.label for one in field.choices[:20])
            return None, TEXTS.say("field.choice", language, label=field.label, choices=choices)
        case FieldKind.DATE:
            return text, day_fault(text, field.least, field.most, today, language)
        case FieldKind.NUMBER:
            return _number(field, text, language)
        case FieldKind.YES_NO:
            yes = text.casefold() in _YES
            return yes, "" if yes or text.casefold() in _NO else TEXTS.say("field.yes_no", language, label=field.label)
    return _text(field, text, language)


def _number(field: Field, text: str, language: str) -> tuple[Any, str]:
    plain = text.replace(" ", "")
    if not plain.isascii() or not _NUMBER.fullmatch(plain):
        return None, TEXTS.say("field.number", language, label=field.label)
    value = float(plain.replace(",", "."))
    if field.whole and not value.is_integer():
        return None, TEXTS.say("field.whole", language, label=field.label)
    if (field.least is not None and value < field.least) or (field.most is not None and value > field.most):
        return None, _between("field.number", field.least, field.most, language)
    return (int(value) if field.whole else value), ""


def _text(field: Field, text: str, language: str) -> tuple[str, str]:
    length = len(text)
    if field.most is not None and length > field.most:
        return "", TEXTS.say("field.too_long", language, label=field.label, most=int(field.most), length=length)
    if field.least is not None and length < field.least:
        return "", TEXTS.say("field.too_short", language, label=field.label, least=int(field.least))
    return text, ""


def _between(key: str, low: Any, high: Any, language: str) -> str:
    values = {name: _shown(value) for name, value in (("low", low), ("high", high)) if value is not None}
    return TEXTS.say(
        f"{key}_{'between' if len(values) == 2 else 'from' if 'low' in values else 'until'}", language, **values
    )


def _shown(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    return str(int(value)) if float(value).is_integer() else str(value)


def _written(value: Any) -> str:
    """A known argument as the value of its field."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else _shown(value) if isinstance(value, int | float) else ""


def _fields_of(loaded: LoadedTool, language: str) -> tuple[Field, ...]:
    """From the schema of the arguments; empty where one that is needed has no field that fits."""
    parameters = loaded.tool.schema.parameters
    required = frozenset(parameters.get("required", ()))
    fields: list[Field] = []
    for name, shape in parameters.get("properties", {}).items():
        real = _real(shape)
        kind = _kind(real)
        if kind is None:
            if name in required:
                return ()
            continue
        fields.append(_field(loaded, name, real, kind, language, needed=name in required))
    return tuple(fields)


def _real(shape: Mapping[str, Any]) -> dict[str, Any]:
    """The one real type of an argument that may be left out."""
    real = [option for option in shape.get("anyOf", ()) if option.get("type") != "null"]
    return {**shape, **real[0]} if len(real) == 1 else dict(shape)


def _kind(shape: Mapping[str, Any]) -> FieldKind | None:
    if "enum" in shape:
        return FieldKind.CHOICE if all(isinstance(value, str) for value in shape["enum"]) else None
    match shape.get("type"), shape.get("x-kind"):
        case "string", "person":
            return None
        case "string", "date":
            return FieldKind.DATE
        case "string", "text":
            return FieldKind.LONG_TEXT
        case "string", _:
            return FieldKind.TEXT
        case (("integer" | "number"), _):
            return FieldKind.NUMBER
        case "boolean", _:
            return FieldKind.YES_NO
    return None


def _field(
    loaded: LoadedTool, name: str, shape: Mapping[str, Any], kind: FieldKind, language: str, *, needed: bool
) -> Field:
    least, most = shape.get("minimum"), shape.get("maximum")
    if kind in (FieldKind.TEXT, FieldKind.LONG_TEXT):
        least, most = shape.get("minLength"), shape.get("maxLength")
    return Field(
        name=name,
        kind=kind,
        label=_label(loaded, name, shape, language),
        required=needed,
        choices=tuple(Choice(value, _choice(name, value, language)) for value in shape.get("enum", ())),
        least=least,
        most=most,
        whole=shape.get("type") == "integer",
    )


def _label(loaded: LoadedTool, name: str, shape: Mapping[str, Any], language: str) -> str:
    if (labels := loaded.labels.get(name)) is not None:
        return labels.get(language) or labels["en"]
    if f"field_of.{name}" in TEXTS.keys("en"):
        return TEXTS.say(f"field_of.{name}", language)
    told = shape.get("title")
    return str(told) if isinstance(told, str) and told else name.replace("_", " ").capitalize()


def _choice(name: str, value: str, language: str) -> str:
    key = f"{name}.{value}"
    return TEXTS.say(key, language) if key in TEXTS.keys("en") else value
