"""Temporary Access Passes: at most one a person, made by Graph itself, shown once in the answer that makes it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import httpx
from pydantic import SecretStr

from connectors.graph.client import GraphClient, GraphRefusal
from connectors.graph.throttling import SYSTEM, Deadline
from connectors.graph.users import flag, moment, text
from core.errors import ConnectorError, EffectUnknown, Refused
from core.outcomes import Outcome

FIELDS = "id,isUsable,isUsableOnce,methodUsabilityReason,lifetimeInMinutes,startDateTime,createdDateTime"
SPENT = frozenset({"Expired", "OneTimeUsed"})
SHORTEST, LONGEST = 10, 60
"""Minutes. Graph makes none shorter than 10; S-27 allows none longer than 60."""
LONGEST_PASS = 64
LOOK_AGAIN = 1.0
REMEMBERED = 500


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass as Graph lists it: never with its code."""

    pass_id: str
    usable: bool
    reason: str
    created_at: datetime | None

    @property
    def is_spent(self) -> bool:
        """Used or run out: it opens nothing any more."""
        return not self.usable and self.reason in SPENT


class Passes:
    """Makes a pass where none of somebody else's is in force, and takes back one whose code was lost on the way.

    Making a new one would end a pass that is in force without a word, so one that an administrator made is left
    alone. One that this process made itself is replaced: whoever asks again has not got it.
    """

    def __init__(self, client: GraphClient) -> None:
        self._client = client
        self._ours: dict[str, None] = {}

    async def issue(self, user_id: str, minutes: int, seconds: float) -> SecretStr:
        """A one-time pass. Raises `Refused`, `ConnectorError` when surely none is left, `EffectUnknown` else."""
        deadline = Deadline(seconds)
        before = await self._listed(user_id, deadline)
        if any(not one.is_spent and one.pass_id not in self._ours for one in before):
            raise Refused("pass_in_force", Outcome.REFUSED_FORBIDDEN)
        for old in before:
            await self._delete(user_id, old.pass_id, deadline)
        body = {"isUsableOnce": True, "lifetimeInMinutes": minutes}
        try:
            answer = await self._client.change("POST", _path(user_id), body, deadline)
        except EffectUnknown:
            await self._take_back(user_id, before, Deadline(seconds / 2))
            raise
        except GraphRefusal as error:
            raise _named(error) from None
        return await self._read(user_id, answer, before, seconds)

    async def _read(self, user_id: str, answer: httpx.Response, before: Sequence[Pass], seconds: float) -> SecretStr:
        made = _made(answer)
        if made is None:
            await self._take_back(user_id, before, Deadline(seconds / 2))
            raise EffectUnknown(SYSTEM, "Graph made a pass but its answer cannot be read, and it is not to be found")
        pass_id, code = made
        self._ours[pass_id] = None
        if len(self._ours) > REMEMBERED:
            del self._ours[next(iter(self._ours))]
        return code

    async def _take_back(self, user_id: str, before: Sequence[Pass], deadline: Deadline) -> None:
        """Delete what appeared since. Raises `ConnectorError` once that is done: then nothing is left of it.

        Returns when nothing appeared (it may yet) or when Graph cannot be asked: then nobody knows.
        """
        old = {one.pass_id for one in before}
        try:
            for _ in range(2):
                new = [one for one in await self._listed(user_id, deadline) if one.pass_id not in old]
                if new:
                    for one in new:
                        await self._delete(user_id, one.pass_id, deadline)
                    break
                await asyncio.sleep(min(LOOK_AGAIN, deadline.left))
            else:
                return
        except ConnectorError:
            return
        raise ConnectorError(SYSTEM, "the answer with the pass was lost on the way; the pass was deleted again")

    async def _listed(self, user_id: str, deadline: Deadline) -> Sequence[Pass]:
        rows = await self._client.rows(_path(user_id), {"$select": FIELDS}, deadline)
        return [
            Pass(
                text(row, "id"),
                flag(row, "isUsable"),
                text(row, "methodUsabilityReason"),
                moment(row, "createdDateTime"),
            )
            for row in rows or ()
        ]

    async def _delete(self, user_id: str, pass_id: str, deadline: Deadline) -> None:
        try:
            await self._client.change("DELETE", (*_path(user_id), pass_id), None, deadline)
        except GraphRefusal as error:
            if error.status != 404:
                raise
        except EffectUnknown:
            # Deleting a spent pass, or one nobody has, twice or not at all is no effect anybody can notice.
            raise ConnectorError(SYSTEM, "an old pass could not be deleted; no new one was made") from None


def _path(user_id: str) -> tuple[str, ...]:
    return ("users", user_id, "authentication", "temporaryAccessPassMethods")


def _made(answer: httpx.Response) -> tuple[str, SecretStr] | None:
    try:
        row = answer.json()
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict):
        return None
    pass_id, code = row.get("id"), row.get("temporaryAccessPass")
    if not isinstance(pass_id, str) or not isinstance(code, str):
        return None
    return (pass_id, SecretStr(code)) if 0 < len(code) <= LONGEST_PASS and code.isprintable() else None


def _named(error: GraphRefusal) -> ConnectorError | Refused:
    if error.status == 400:
        return Refused("pass_policy", Outcome.REFUSED_FORBIDDEN)
    if error.status == 403:
        return Refused("not_delegated", Outcome.REFUSED_FORBIDDEN)
    return error
