"""The kinds of argument a tool can take. `x-kind` tells forms and the built-in model how to ask for one."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

PersonName = Annotated[str, Field(min_length=1, max_length=100, json_schema_extra={"x-kind": "person"})]
"""A colleague's name, e-mail address or employee number, as somebody would type it."""

TicketId = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{1,9}-[0-9]{1,9}$", json_schema_extra={"x-kind": "ticket"})]
"""A ticket's number, such as `IT-104`."""

ShortText = Annotated[str, Field(min_length=1, max_length=200, json_schema_extra={"x-kind": "line"})]
"""One line."""

LongText = Annotated[str, Field(min_length=1, max_length=4000, json_schema_extra={"x-kind": "text"})]
"""Some paragraphs."""

IsoDate = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", json_schema_extra={"x-kind": "date"})]
"""A day, as `2026-03-31`. The tool reads it with `date.fromisoformat`: not every such text is a day."""
