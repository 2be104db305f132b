"""Tools that are one operation of an HTTP service: called once, as it was pinned; its answer is text of a stranger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from weakref import WeakKeyDictionary

from connectors.egress import Egress
from connectors.openapi import HttpCall, OpenApiService, Slot, written
from connectors.openapi.writing import Written
from connectors.secret_source import SecretSource
from core.errors import ConfigError, ConnectorError, ToolFailed, ToolRetry
from core.people import Employee
from core.risk import Risk
from tools.added.document import ToolDocument
from tools.added.kinds import Way
from tools.added.loading import draft_of, made, personal
from tools.added.openapi_answer import reference_in, told
from tools.added.openapi_judging import least_risk, pinned
from tools.added.openapi_reading import fetch_by
from tools.added.openapi_source import OpenApiSource, read_source, reference_of, rules_of, sign_in_of
from tools.added.openapi_spec import Operation, read_operations
from tools.context import ActionContext, Draft, Effect, Found, ToolContext
from tools.loaded import LoadedTool
from tools.texts import TEXTS

_SERVICES: WeakKeyDictionary[Egress, tuple[SecretSource | None, OpenApiService]] = WeakKeyDictionary()
"""One service for each way out, so that every tool of a process shares the tokens that are in memory."""


class OpenApiKind:
    """The loader. Nothing is asked of a service until its tool runs, or somebody asks whether it drifted."""

    name = "openapi"

    def load(self, document: ToolDocument, way: Way) -> LoadedTool:
        """The tool, ready to run. Raises `ConfigError` with what is wrong and how to mend it."""
        source = read_source(document)
        _refuse_bold_risk(document, source)
        use = _Use(document, source, _service(way))
        if document.risk is Risk.READ:
            return made(document, use.read)
        reconcile = use.reconcile if source.reconcile is not None else None
        again: Literal["", "service"] = "service" if source.repeats else ""
        return made(document, use.act, prepare=use.prepare, reconcile=reconcile, repeats_with=again)

    async def drifted(self, document: ToolDocument, way: Way) -> str:
        """What the OpenAPI document changed of the pinned operation, in one line; empty when nothing did, or when it
        came from a file. Raises `ConnectorError` when it cannot be fetched."""
        source = read_source(document)
        if not source.fetched_from:
            return ""
        if way.egress is None:
            raise ConnectorError("openapi", "this process has no way out")
        text = await fetch_by(way.egress, rules_of(document, source), source.fetched_from)
        try:
            operations = read_operations(text, "the document", source.fetched_from)
        except ConfigError as error:
            return f"its OpenAPI document can no longer be read: {error}"
        return changes(source, operations)


def changes(source: OpenApiSource, operations: tuple[Operation, ...]) -> str:
    """What differs between what was pinned and what is there now, in one line; empty when nothing does."""
    found = [one for one in operations if (one.method, one.path) == (source.method, source.path)]
    if not found:
        return f"{source.method.upper()} {source.path} is gone"
    if found[0].problems:
        return f"{source.method.upper()} {source.path} can no longer be used: {found[0].problems[0]}"
    now, then = pinned(found[0]), source.model_dump(mode="json", by_alias=True)
    for part in ("server", "security"):
        if now[part] != then[part]:
            return f"its {part} is another one now"
    different = sorted(
        key
        for key in {*now["operation"], *then["operation"]}
        if now["operation"].get(key) != then["operation"].get(key)
    )
    return f"what it says under {', '.join(different)} is different now" if different else ""


class _Use:
    """One operation, as `run` calls it."""

    def __init__(self, document: ToolDocument, source: OpenApiSource, service: OpenApiService) -> None:
        self._document = document
        self._source = source
        self._service = service
        self._rules = rules_of(document, source)
        self._sign_in = sign_in_of(document, reference_of(document))

    async def read(self, ctx: ToolContext, **arguments: Any) -> Found:
        """Ask, in the turn. The answer is data: there is nothing in it to cite as a policy."""
        answer = await self._service.call(self._call(self._retried(arguments)))
        text, facts = told(answer, self._source.operation, ctx.language)
        if not text:
            nothing = TEXTS.say("answer.nothing", ctx.language)
            return Found(nothing, personal=personal(self._document), empty=True)
        return Found(text, facts, personal=personal(self._document))

    async def prepare(self, ctx: ToolContext, subject: Employee, **arguments: Any) -> Draft:
        """What will happen, without asking the service; values that cannot stand in their place end here."""
        del subject
        self._retried(arguments)
        return draft_of(self._document, ctx.language, arguments)

    async def act(self, ctx: ActionContext, **arguments: Any) -> Effect:
        """One call, with the action's key for services that recognise it."""
        call = self._call(self._written(arguments), key=ctx.key)
        return Effect(reference=reference_in(await self._service.call(call)))

    async def reconcile(self, ctx: ActionContext, **arguments: Any) -> Effect | None:
        """Did it happen? Asked by the key that was sent."""
        del arguments
        assert self._source.reconcile is not None  # noqa: S101 - `load` hands this out only then
        request = written(self._source.server, self._source.reconcile.path, [(Slot("path", "key"), ctx.key)])
        call = HttpCall("get", request, self._rules, self._sign_in)
        try:
            answer = await self._service.call(call)
        except ToolFailed as error:
            raise ConnectorError("openapi", "the service does not say whether it happened") from error
        return None if answer is None else Effect(reference=reference_in(answer))

    def _call(self, request: Written, key: str = "") -> HttpCall:
        return HttpCall(
            self._source.method,
            request,
            self._rules,
            self._sign_in,
            reads=self._document.risk is Risk.READ,
            key=key,
            repeats=self._source.repeats,
        )

    def _retried(self, arguments: Mapping[str, Any]) -> Written:
        try:
            return self._written(arguments)
        except ConnectorError as error:
            raise ToolRetry(f"this cannot be asked: {error.detail}") from None

    def _written(self, arguments: Mapping[str, Any]) -> Written:
        source = self._source
        values = [(source.slot(name), _wired(value, name, source.nested)) for name, value in arguments.items()]
        whole = source.places[source.whole_body].name if source.whole_body in arguments else ""
        return written(source.server, source.path, values, whole)


def _wired(value: Any, path: str, nested: Mapping[str, str]) -> Any:
    """The value with members of objects called as the wire calls them."""
    if isinstance(value, list):
        return [_wired(one, path, nested) for one in value]
    if not isinstance(value, Mapping):
        return value
    return {nested.get(f"{path}.{name}", name): _wired(one, f"{path}.{name}", nested) for name, one in value.items()}


def _service(way: Way) -> OpenApiService:
    if way.egress is None:
        return OpenApiService(None, way.secrets)
    secrets, service = _SERVICES.get(way.egress, (None, None))
    if service is None or secrets is not way.secrets:
        service = OpenApiService(way.egress, way.secrets)
        _SERVICES[way.egress] = (way.secrets, service)
    return service


def _refuse_bold_risk(document: ToolDocument, source: OpenApiSource) -> None:
    least = least_risk(source.method, source.path, source.operation, document.name)
    if document.risk.rank < least.rank:
        raise ConfigError(
            f"{document.name}: risk: {source.method.upper()} {source.path} is at least {least.value} by its method and "
            f"its words; set `risk: {least.value}` or more"
        )


KIND = OpenApiKind()
