"""What a form is made of, as it stands in `source` of its document: fields, and the ticket or answers it ends in."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.errors import ConfigError
from core.plain_text import one_line, reveal
from tools.added.arguments_of import MOST_FIELDS, carries_approval
from tools.added.form_text import places
from tools.manifest import Titles, Word

LINE, TEXT = 200, 4_000
"""Characters that a text and a long text may have at most."""
_CARD = frozenset(
    {"askedby", "about", "account", "proofofidentity", "manager", "registeredphone", "whomustagree", "rule", "votes"}
    | {"takenby", "tool", "expires", "requester", "state", "gevraagddoor", "gaatover", "bewijsvanidentiteit"}
    | {"leidinggevende", "geregistreerdetelefoon", "wiemoetinstemmen", "regel", "stemmen", "opgepaktdoor", "handeling"}
    | {"verloopt", "aanvrager", "status"}
)
"""What stands above the lines that the card itself has, bare: no field may pass for one of them."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, str_strip_whitespace=True)


class FormChoice(_Strict):
    """One of the values. `words` are what people say for it, in any language."""

    value: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")]
    label: Titles
    words: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], Field(strict=False, max_length=20)
    ] = ()


class FormField(_Strict):
    """One thing that the form asks. `minimum` and `maximum` are characters of a text, the value of a number, and days
    from today of a date (0: today)."""

    name: Word
    kind: Literal["text", "long_text", "choice", "date", "number", "yes_no"]
    label: Titles
    help: Titles | None = None
    required: bool = True
    choices: Annotated[tuple[FormChoice, ...], Field(strict=False, max_length=100)] = ()
    minimum: int | float | None = None
    maximum: int | float | None = None
    whole: bool = True

    @model_validator(mode="after")
    def _fits(self) -> FormField:
        if (self.kind == "choice") != bool(self.choices):
            raise ValueError("choices: a field of the kind `choice` has some, and no other has")
        values = [one.value for one in self.choices]
        if len(set(values)) != len(values):
            raise ValueError("choices: a value stands there twice; keep one")
        if self.kind in ("choice", "yes_no") and (self.minimum is not None or self.maximum is not None):
            raise ValueError(f"minimum, maximum: a field of the kind `{self.kind}` has none")
        low, high = self.bounds
        if low is not None and high is not None and low > high:
            raise ValueError("minimum is above maximum")
        if self.kind != "number" and any(isinstance(one, float) for one in (self.minimum, self.maximum)):
            raise ValueError(f"minimum, maximum: whole numbers for a field of the kind `{self.kind}`")
        return self

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """The bounds that hold, with our own for texts."""
        if self.kind not in ("text", "long_text"):
            return self.minimum, self.maximum
        most = LINE if self.kind == "text" else TEXT
        return max(1, self.minimum or 1), min(most, most if self.maximum is None else self.maximum)


class TicketTemplate(_Strict):
    """The ticket that is filed. `{name}` is the place of a field; a field without a place stands below with its label.
    `type` is said before the summary."""

    queue: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_-]{0,19}$")]
    type: Annotated[str, Field(max_length=60)] = ""
    summary: Annotated[str, Field(min_length=1, max_length=150)]
    description: Annotated[str, Field(max_length=2_000)] = ""


class FormSource(_Strict):
    """A whole form. It ends in a `ticket`, or its answers are kept (`keep: survey`). `afterwards` says what happens
    then."""

    fields: Annotated[tuple[FormField, ...], Field(strict=False, min_length=1, max_length=MOST_FIELDS)]
    ticket: TicketTemplate | None = None
    keep: Literal["survey"] | None = None
    afterwards: Titles | None = None

    @model_validator(mode="after")
    def _sound(self) -> FormSource:
        if (self.ticket is None) == (self.keep is None):
            raise ValueError("a form ends in a `ticket`, or its answers are kept with `keep: survey`: say one of them")
        names = [field.name for field in self.fields]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"fields: {min(twice)!r} is the name of two fields; rename one")
        for language in ("en", "nl"):
            _refuse_labels([getattr(field.label, language) for field in self.fields], language)
            for field in self.fields:
                _refuse_labels([getattr(one.label, language) for one in field.choices], language)
        if self.ticket is not None:
            for text in (self.ticket.summary, self.ticket.description):
                if unknown := set(places(text)) - set(names):
                    raise ValueError(f"ticket: {{{min(unknown)}}} is no field of this form")
        return self


def read_source(source: Mapping[str, Any], name: str) -> FormSource:
    """The form in a document's `source`. Raises `ConfigError` that names the place and what to change."""
    try:
        return FormSource.model_validate(source)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in ("source", *first["loc"]))
        raise ConfigError(f"the form {name!r}: {where}: {first['msg'].removeprefix('Value error, ')}") from error


def _refuse_labels(labels: Iterable[str], language: str) -> None:
    """No two that a reader takes for one, none with letters that only look like others, none of the card's own."""
    seen: dict[str, str] = {}
    for label in labels:
        if reveal(label) != label or one_line(label) != label:
            raise ValueError(f"label: {reveal(label)!r} has characters that do not show, or only look like others")
        bare = _bare(label)
        if not bare:
            raise ValueError(f"label: {label!r} says nothing")
        if bare in _CARD or carries_approval(bare):
            raise ValueError(f"label: {label!r} says what only the desk itself says on a card; word it otherwise")
        if (other := seen.setdefault(_skeleton(bare), label)) != label or list(labels).count(label) > 1:
            raise ValueError(f"label: {other!r} and {label!r} look alike in {language}; word one otherwise")


def _bare(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if letter.isalnum())


def _skeleton(bare: str) -> str:
    """As a hurried reader sees it."""
    for written, read in (("rn", "m"), ("vv", "w"), ("0", "o"), ("1", "l"), ("i", "l"), ("5", "s")):
        bare = bare.replace(written, read)
    return bare
