"""Enterprise Grid: which workspaces an installation of a whole organisation covers, as Slack itself lists them."""

from __future__ import annotations

import time
from collections.abc import Callable

from slack_sdk.web.async_client import AsyncWebClient

from slack_app.installing.answers import answer

KEPT_SECONDS, AGAIN_SECONDS = 600.0, 30.0
"""How long a list is believed; and after how long it is read again for a workspace that it lacks."""
_PAGES, _PAGE = 50, 200


class Workspaces:
    """The workspaces of organisations, remembered for a while. `clock` gives seconds of any beginning."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, tuple[float, frozenset[str]]] = {}

    async def has(self, enterprise: str, team: str, client: AsyncWebClient) -> bool:
        """Whether the app is there in this workspace through its organisation. Raises `ConnectorError`."""
        at, teams = self._known.get(enterprise, (float("-inf"), frozenset[str]()))
        age = self._clock() - at
        if age > (KEPT_SECONDS if team in teams else AGAIN_SECONDS):
            teams = await _listed(client)
            self._known[enterprise] = (self._clock(), teams)
        return team in teams

    def forget(self, enterprise: str) -> None:
        """Read the list again when it is needed next."""
        self._known.pop(enterprise, None)


async def _listed(client: AsyncWebClient) -> frozenset[str]:
    teams: set[str] = set()
    cursor = ""
    for _ in range(_PAGES):
        said = await answer("auth.teams.list", client.auth_teams_list(limit=_PAGE, cursor=cursor or None))
        listed = said.get("teams")
        found = [team.get("id") for team in listed if isinstance(team, dict)] if isinstance(listed, list) else []
        teams.update(team for team in found if isinstance(team, str))
        more = said.get("response_metadata")
        cursor = str(more.get("next_cursor") or "") if isinstance(more, dict) else ""
        if not cursor:
            break
    return frozenset(teams)
