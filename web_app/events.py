"""What comes in through the door: messages, clicks and opinions, each stored before it is acknowledged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from starlette.responses import Response
from starlette.routing import Route

from actions.files import looked_at
from core.encoding import encode
from core.events import Verb
from core.ports import Desk
from storage import Database
from storage.faultpoint import reached
from web_app.bodies import parse
from web_app.calls import Answer, Call, about, once
from web_app.door import Door, Signed, new_body
from web_app.forms import ClickForm, EventForm, FeedbackForm
from web_app.responses import JsonResponse

# What the gate takes once by itself. A code sent anew, a wrong code, "I take this" would count again.
_TAKEN_ONCE = frozenset({Verb.CONFIRM, Verb.CANCEL, Verb.NO_CODE, Verb.APPROVE, Verb.DENY})


class Intake:
    """The handlers. `accepting` is false while the process drains: then another one must take what is new."""

    def __init__(
        self, desk: Desk, database: Database, accepting: Callable[[], bool], clock: Callable[[], float]
    ) -> None:
        self._desk = desk
        self._database = database
        self._accepting = accepting
        self._clock = clock

    def routes(self, door: Door) -> Sequence[Route]:
        """Where they are."""
        return [
            door.route("POST", "/v1/events", self.event),
            door.route("POST", "/v1/clicks", self.click),
            door.route("POST", "/v1/feedback", self.feedback),
        ]

    async def event(self, request: Signed) -> Response:
        """Something a person wrote. 202 once it is stored; the same id again is the same event."""
        form = parse(EventForm, new_body(request, self._accepting))
        moment = datetime.fromtimestamp(self._clock(), UTC)
        message = looked_at(form.message(request.source, moment))
        await self._desk.receive(message)
        reached("door.before_acknowledge")
        if not message.files:
            return JsonResponse({"accepted": True}, 202)
        return JsonResponse({"accepted": True, "files": [{"unwanted": file.unwanted} for file in message.files]}, 202)

    async def click(self, request: Signed) -> Response:
        """Somebody pressed a button. The decision, and the same one to the same id again."""
        form = parse(ClickForm, new_body(request, self._accepting))
        click = form.click(request.source)

        async def act() -> Answer:
            return encode(await self._desk.decide(click))

        what = about("click", form.user, form.room, form.action_id, form.verb)
        call = Call(click.event_id, what, safe_again=form.verb in _TAKEN_ONCE)
        return JsonResponse(await once(self._database, call, act))

    async def feedback(self, request: Signed) -> Response:
        """What somebody thought of a reply. What is said to them."""
        form = parse(FeedbackForm, new_body(request, self._accepting))
        given = form.feedback(request.source)

        async def act() -> Answer:
            return {"text": await self._desk.feedback(given)}

        what = about("feedback", form.user, given.event_id, str(form.good))
        call = Call(form.event_id(request.source), what, safe_again=True)
        return JsonResponse(await once(self._database, call, act))
