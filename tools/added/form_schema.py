"""A form's fields as the arguments of its tool, and as fields in a reader's language."""

from __future__ import annotations

from typing import Any

from core.fields import Choice, Field, FieldKind
from tools.added.form_source import FormField, FormSource
from tools.manifest import Titles

YES_NO = {"en": ("Yes", "No"), "nl": ("Ja", "Nee")}


def schema_of(form: FormSource) -> dict[str, Any]:
    """What stands under `arguments` of its document: made from the fields, and checked against them at every load."""
    return {
        "type": "object",
        "properties": {field.name: _shape(field) for field in form.fields},
        "required": [field.name for field in form.fields if field.required],
        "additionalProperties": False,
    }


def labels_of(form: FormSource) -> dict[str, Titles]:
    """What stands under `labels` of its document."""
    return {field.name: field.label for field in form.fields}


def fields_in(form: FormSource, language: str) -> tuple[Field, ...]:
    """The fields as a reader of this language sees them."""
    return tuple(_field(field, language) for field in form.fields)


def told(field: FormField, value: Any, language: str) -> str:
    """An answer as people read it: the label of a choice, the words for yes and no."""
    if field.kind == "choice":
        return next((said(one.label, language) for one in field.choices if one.value == value), str(value))
    if isinstance(value, bool):
        return YES_NO["nl" if language == "nl" else "en"][0 if value else 1]
    return str(value)


def said(words: Titles, language: str) -> str:
    """The words in this language; English where it has none."""
    return words.nl if language == "nl" else words.en


def _shape(field: FormField) -> dict[str, Any]:
    shape: dict[str, Any] = {"title": field.label.en, "description": _description(field)}
    low, high = field.bounds
    match field.kind:
        case "text" | "long_text":
            kind = "line" if field.kind == "text" else "text"
            return {"type": "string", **shape, "minLength": low, "maxLength": high, "x-kind": kind}
        case "choice":
            words = {one.value: _words(one.label, one.words) for one in field.choices}
            return {"type": "string", **shape, "enum": [one.value for one in field.choices], "x-values": words}
        case "date":
            return {"type": "string", **shape, "format": "date"}
        case "number":
            bounds = {name: value for name, value in (("minimum", low), ("maximum", high)) if value is not None}
            return {"type": "integer" if field.whole else "number", **shape, **bounds}
    return {"type": "boolean", **shape}


def _words(label: Titles, words: tuple[str, ...]) -> list[str]:
    return list(dict.fromkeys((label.en, label.nl, *words)))


def _description(field: FormField) -> str:
    told_ = field.help.en if field.help else field.label.en
    choices = "; ".join(f"{one.value}: {one.label.en}" for one in field.choices)
    return f"{told_} ({choices})"[:600] if choices else told_


def _field(field: FormField, language: str) -> Field:
    low, high = field.bounds
    return Field(
        name=field.name,
        kind=FieldKind(field.kind),
        label=said(field.label, language),
        help=said(field.help, language) if field.help else "",
        required=field.required,
        choices=tuple(Choice(one.value, said(one.label, language)) for one in field.choices),
        least=low,
        most=high,
        whole=field.kind == "number" and field.whole,
    )
