"""The bytes of files that came with an event, brought by its source once the event is answered."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from urllib.parse import parse_qsl

from starlette.responses import Response
from starlette.routing import Route

from core.attachments import Bringing, Brought
from core.people import ChannelIdentity
from web_app.door import Bounds, Door, Signed
from web_app.forms import CHANNEL, MOST_FILE_BYTES
from web_app.responses import Failed, JsonResponse

AT_ONCE = 4
"""Files that are taken in side by side: each is held in memory while it is."""
SECONDS = 60.0
_ID = re.compile(r"[!-9;-~]{1,120}")
_NUMBER = re.compile(r"[0-9]{1,2}")


class BroughtBytes:
    """The handler. `accepting` is false while the process drains."""

    def __init__(self, bringing: Bringing, accepting: Callable[[], bool]) -> None:
        self._bringing = bringing
        self._accepting = accepting

    def routes(self, door: Door) -> Sequence[Route]:
        """Where it is."""
        return [door.route("POST", "/v1/files", self.file, Bounds(MOST_FILE_BYTES, SECONDS, AT_ONCE))]

    async def file(self, request: Signed) -> Response:
        """One file. 503 until its event is answered, 404 for none that is wanted of this event and person."""
        if not self._accepting():
            raise Failed(503)
        event, number, user = _asked(request.query)
        who = ChannelIdentity(CHANNEL, request.source, user)
        event_id = f"{CHANNEL}:{request.source}:{event}"
        brought = await self._bringing.bring(who, event_id, number, request.body)
        match brought:
            case Brought.LATER:
                raise Failed(503)
            case Brought.UNKNOWN:
                raise Failed(404)
        return JsonResponse({"kept": brought is Brought.KEPT, "reason": "" if brought is Brought.KEPT else brought})


def _asked(query: bytes) -> tuple[str, int, str]:
    """Of which event, which file, whose. Raises `Failed` (400) for anything else than exactly these three."""
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=3)
    except ValueError:
        raise Failed(400) from None
    given = dict(pairs)
    if len(pairs) != 3 or given.keys() != {"event", "number", "user"}:
        raise Failed(400)
    if not (_ID.fullmatch(given["event"]) and _ID.fullmatch(given["user"]) and _NUMBER.fullmatch(given["number"])):
        raise Failed(400)
    return given["event"], int(given["number"]), given["user"]
