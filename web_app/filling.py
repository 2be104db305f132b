"""Forms at the door: the form of a tool or of one's own draft as data, its answers, and Stop; each done once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints, model_validator
from starlette.responses import Response
from starlette.routing import Route

from core.encoding import encode
from core.events import Stop
from core.fields import Filled, FormWanted
from core.plain_text import visible
from core.ports import Desk
from storage import Database
from web_app.bodies import parse
from web_app.calls import Answer, Call, about, once, unrepeated
from web_app.door import Door, Signed, new_body
from web_app.forms import CHANNEL, ActionId, PlacedBody
from web_app.responses import JsonResponse

MOST_VALUES = 100

Tool = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,64}$", strict=True)]
Name = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,100}$", strict=True)]
Written = Annotated[
    str,
    BeforeValidator(lambda value: visible(value) if isinstance(value, str) else value),
    StringConstraints(strict=True, max_length=16_000),
]


class FormBody(PlacedBody):
    """`POST /v1/forms`: somebody wants to fill in the form of a `tool`, or to change their own draft (`action_id`)."""

    tool: Tool | None = None
    action_id: ActionId | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> FormBody:
        if (self.tool is None) == (self.action_id is None):
            raise ValueError("either a tool or a draft")
        return self

    def wanted(self, source: str) -> FormWanted:
        """As the desk takes it."""
        return FormWanted(self.identity(source), self.address(source), self.tool or "", self.action_id or "")


class AnswersBody(PlacedBody):
    """`POST /v1/forms/answers`: a form that somebody filled in. `replaces` is as the form said it."""

    tool: Tool
    replaces: ActionId | None = None
    values: Annotated[dict[Name, Written], Field(max_length=MOST_VALUES)]

    def event_id(self, source: str) -> str:
        """An id of its own kind: an event of the same id is another one, and neither is lost."""
        return f"{CHANNEL}:{source}:form:{self.id}"

    def filled(self, source: str) -> Filled:
        """As the desk takes it."""
        return Filled(
            self.event_id(source),
            self.identity(source),
            self.address(source),
            self.tool,
            dict(self.values),
            self.replaces or "",
        )


class StopBody(PlacedBody):
    """`POST /v1/stops`: somebody wants no answer any more to what they wrote there."""

    def stop(self, source: str) -> Stop:
        """As the desk takes it."""
        return Stop(self.event_id(source), self.identity(source), self.address(source))


class Filling:
    """The handlers. `accepting` is false while the process drains."""

    def __init__(self, desk: Desk, database: Database, accepting: Callable[[], bool]) -> None:
        self._desk = desk
        self._database = database
        self._accepting = accepting

    def routes(self, door: Door) -> Sequence[Route]:
        """Where they are."""
        return [
            door.route("POST", "/v1/forms", self.form),
            door.route("POST", "/v1/forms/answers", self.answers),
            door.route("POST", "/v1/stops", self.stop),
        ]

    async def form(self, request: Signed) -> Response:
        """The form, or null where there is none for this person. A repeat is refused: what it shows may be personal."""
        body = parse(FormBody, new_body(request, self._accepting))
        wanted = body.wanted(request.source)

        async def act() -> Answer:
            form = await self._desk.form(wanted)
            return {"form": encode(form) if form is not None else None}

        what = about("form", body.user, wanted.tool, wanted.replaces)
        call = Call(body.event_id(request.source), what, safe_again=False)
        return JsonResponse(await unrepeated(self._database, call, act))

    async def answers(self, request: Signed) -> Response:
        """What became of a form: a draft follows, or what is wrong at which field. The same to the same id again."""
        body = parse(AnswersBody, new_body(request, self._accepting))
        filled = body.filled(request.source)

        async def act() -> Answer:
            return encode(await self._desk.fill(filled))

        what = about("answers", body.user, body.room, body.tool, body.replaces or "")
        return JsonResponse(await once(self._database, Call(filled.event_id, what, safe_again=True), act))

    async def stop(self, request: Signed) -> Response:
        """Whether there was anything to stop. A repeat stops nothing more: they may have asked something new since."""
        body = parse(StopBody, new_body(request, self._accepting))
        stop = body.stop(request.source)

        async def act() -> Answer:
            return {"stopped": await self._desk.stop(stop)}

        what = about("stop", body.user, body.room, body.thread or "")
        return JsonResponse(await once(self._database, Call(stop.event_id, what, safe_again=False), act))
