"""Tools of the kind `form`: fields that somebody fills in, ending in a ticket or in answers that are kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from core.errors import ConfigError, ToolFailed
from core.people import Employee
from core.plain_text import reveal
from core.replies import Fact
from core.risk import Risk
from tools.added.answers import keeping
from tools.added.arguments_of import arguments_of
from tools.added.document import ToolDocument
from tools.added.form_schema import fields_in, labels_of, said, schema_of, told
from tools.added.form_source import FormSource, read_source
from tools.added.form_text import as_data, in_lines, in_one_line
from tools.added.kinds import Way
from tools.added.loading import made
from tools.builtin import filing
from tools.context import ActionContext, Draft, Effect, ToolContext
from tools.fields import day_fault
from tools.loaded import LoadedTool
from tools.texts import TEXTS

SUMMARY, DESCRIPTION = 200, 4_000
"""Characters of a ticket, as create_ticket has them."""


class FormKind:
    """Implements `tools.added.kinds.Kind`."""

    name = "form"

    def load(self, document: ToolDocument, way: Way) -> LoadedTool:
        """See `Kind.load`."""
        form = read_source(document.source, document.name)
        _refuse_unfit(document, form)
        at_work = _Form(document, form)
        # A stored document has lost the order of its keys; questions are asked in the order of the fields.
        arguments = arguments_of(document.name, schema_of(form))
        if form.keep is not None:
            run, found = keeping(document, way.answers)
            loaded = made(document, run, arguments=arguments, prepare=at_work.prepare, reconcile=found)
        else:
            loaded = made(
                document,
                at_work.file,
                arguments=arguments,
                prepare=at_work.prepare,
                reconcile=filing.filed_already,
                repeats_with="tickets",
            )
        return dataclasses.replace(loaded, fields={one: fields_in(form, one) for one in ("en", "nl")})

    async def drifted(self, document: ToolDocument, way: Way) -> str:
        """See `Kind.drifted`. A form has no source besides its document."""
        del document, way
        return ""


KIND = FormKind()


def _refuse_unfit(document: ToolDocument, form: FormSource) -> None:
    """Raises `ConfigError` where the document says something else than the form in it."""
    name = document.name
    if document.risk is Risk.READ:
        raise ConfigError(f"the form {name!r} writes something down: its risk is `write` or stricter")
    if document.subject != "nobody":
        raise ConfigError(f"the form {name!r} changes nobody's account: set `subject: nobody`")
    if document.bindings:
        raise ConfigError(f"the form {name!r} is filed for whoever fills it in: it takes no bindings")
    if document.hosts or document.credential is not None:
        raise ConfigError(f"the form {name!r} reaches nothing by itself: remove hosts and credential")
    if document.arguments != schema_of(form):
        raise ConfigError(f"the arguments of {name!r} are not those of its fields: add the form anew to make them")
    if document.labels != labels_of(form):
        raise ConfigError(f"the labels of {name!r} are not those of its fields: add the form anew to make them")


class _Form:
    """One form at work."""

    def __init__(self, document: ToolDocument, form: FormSource) -> None:
        self._document = document
        self._form = form

    async def prepare(self, ctx: ToolContext, _subject: Employee, **answers: Any) -> Draft:
        """What the person is shown: every answer by its label, and where it goes."""
        self._refuse_days(answers, ctx)
        language = ctx.language
        title = said(self._document.title, language)
        facts = tuple(
            Fact(said(field.label, language), reveal(told(field, answers[field.name], language)))
            for field in self._form.fields
            if field.name in answers
        )
        after = self._form.afterwards
        if after is not None:
            facts = (*facts, Fact(TEXTS.say("form.afterwards", language), said(after, language)))
        ticket = self._form.ticket
        if ticket is None:
            return Draft(title, (*facts, Fact(TEXTS.say("form.kept", language), TEXTS.say("form.kept_how", language))))
        if ticket.queue not in ctx.systems.tickets.queues:
            raise ToolFailed(TEXTS.say("form.no_queue", language))
        summary, description = self._ticket(answers, language)
        similar = await filing.draft(ctx, title, ticket.queue, summary, description)
        where = tuple(fact for fact in similar.facts if fact.value != reveal(description))
        return dataclasses.replace(similar, facts=(*facts, *where))

    async def file(self, ctx: ActionContext, **answers: Any) -> Effect:
        """The one effect: a ticket in the requester's name, under the action's key."""
        if self._form.ticket is None:
            raise ConfigError("a form without a ticket files none")
        summary, description = self._ticket(answers, ctx.requester.language)
        return await filing.file(ctx, self._form.ticket.queue, summary, description)

    def _ticket(self, answers: Mapping[str, Any], language: str) -> tuple[str, str]:
        template = self._form.ticket
        if template is None:
            return "", ""
        values = {
            field.name: told(field, answers[field.name], language)
            for field in self._form.fields
            if field.name in answers
        }
        summary = in_one_line(template.summary, values)
        summary = f"{template.type}: {summary}" if template.type else summary
        lines = [in_lines(template.description, values)] if template.description else []
        lines += [
            f"{said(field.label, language)}: {as_data(values[field.name])}"
            for field in self._form.fields
            if field.name in values and f"{{{field.name}}}" not in template.description
        ]
        return summary[:SUMMARY], "\n".join(lines)[:DESCRIPTION]

    def _refuse_days(self, answers: Mapping[str, Any], ctx: ToolContext) -> None:
        """Days are bound to today, which no schema knows. Raises `ToolFailed` that names the field and the fix."""
        for field in self._form.fields:
            if field.kind == "date" and field.name in answers:
                fault = day_fault(answers[field.name], field.minimum, field.maximum, ctx.now.date(), ctx.language)
                if fault:
                    raise ToolFailed(f"{said(field.label, ctx.language)}: {fault}")
