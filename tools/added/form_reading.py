"""A form as an admin writes it, as a whole document: arguments and labels are made from its fields."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, JsonValue, ValidationError, model_validator

from core.errors import ConfigError
from tools.added.document import ToolDocument
from tools.added.form_schema import labels_of, schema_of
from tools.added.form_source import FormSource, read_source
from tools.yaml_lines import read_as


class _Written(ToolDocument):
    """The same form, with the parts that nobody has to write."""

    arguments: Annotated[dict[str, JsonValue], Field(max_length=0)] = Field(default_factory=dict)
    source: FormSource  # type: ignore[assignment]  # read here, so that what is wrong in it has a line too

    @model_validator(mode="after")
    def _sound(self) -> _Written:
        """Looked at when it is whole: `mask` names fields, which are not arguments yet."""
        return self


def read_form(text: str, name: str) -> ToolDocument:
    """The document of a form in YAML, without `arguments` and `labels`; `name` is what errors call the text.

    Raises `ConfigError` that names the line or the place, and what to change.
    """
    written = read_as(_Written, text, name)
    if written.kind != "form":
        raise ConfigError(f"{name}: the kind is {written.kind!r}, and here is a place for a `form`")
    values = written.model_dump(mode="json", by_alias=True)
    return document_of({**values, "source": written.source.model_dump(mode="json", exclude_unset=True)})


def document_of(values: dict[str, Any]) -> ToolDocument:
    """The document of a form given as JSON values, arguments and labels made from its fields. Raises `ConfigError`."""
    form = read_source(values["source"], str(values.get("name", "")))
    labels = {name: label.model_dump() for name, label in labels_of(form).items()}
    try:
        return ToolDocument.model_validate({**values, "arguments": schema_of(form), "labels": labels})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the form"
        said = first["msg"].removeprefix("Value error, ")
        raise ConfigError(f"the form {values.get('name', '')!r}: {where}: {said}") from error
