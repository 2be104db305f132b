"""Whom somebody may mean: asking Graph's index widely enough that a half or misspelt name can be ranked by us."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.directory.matching import PARTICLES, best_matches
from connectors.graph.client import GraphClient
from connectors.graph.employees import employee_of
from connectors.graph.odata import clause, words
from connectors.graph.people import where
from connectors.graph.settings import EntraSettings
from connectors.graph.throttling import Deadline
from connectors.graph.users import USER_FIELDS, User, read_user
from core.people import Employee

CANDIDATES = "100"
MOST_CLAUSES = 60
BEGINNING = 3
"""Letters of a name that a misspelling usually leaves right."""
ACCENTED = {
    "a": "àáâäåă",
    "c": "çčć",
    "e": "èéêëě",
    "g": "ğ",
    "i": "ìíîïı",
    "l": "ł",
    "n": "ñńň",
    "o": "òóôöøő",
    "r": "ř",
    "s": "şšśș",
    "t": "țť",
    "u": "ùúûüű",
    "y": "ýÿ",
    "z": "žźż",
}
"""What a plain letter may stand for in a name: nothing says that Graph's index would find Sørensen for Sorensen."""


class Finder:
    """Reads the index only: who is found must be read again before anything is said of them."""

    def __init__(self, client: GraphClient, settings: EntraSettings) -> None:
        self._client = client
        self._settings = settings

    async def likely(self, asked: str, at_most: int, deadline: Deadline) -> Sequence[Employee]:
        """Those who fit, best first, without groups and managers. Raises `ConnectorError`."""
        users = await self._candidates(asked, deadline)
        people = [employee_of(user, frozenset(), self._settings) for user in users if user.person]
        return best_matches(asked, people, at_most)

    async def _candidates(self, asked: str, deadline: Deadline) -> Sequence[User]:
        if users := await self._by_number(asked, deadline):
            return users
        if "@" in asked:
            return await self._search(clause("mail", asked), deadline)
        telling = [word for word in words(asked) if word.casefold() not in PARTICLES]
        exact = await self._search(" AND ".join(clause("displayName", word) for word in telling), deadline)
        if best_matches(asked, [employee_of(user, frozenset(), self._settings) for user in exact], 1):
            return exact
        wide = sorted({one for word in telling if len(word) > BEGINNING for one in beginnings(word)})
        return await self._search(" OR ".join(clause("displayName", one) for one in wide[:MOST_CLAUSES]), deadline)

    async def _by_number(self, asked: str, deadline: Deadline) -> Sequence[User]:
        attribute = self._settings.person_attribute
        if attribute == "id" or " " in asked or not any(letter.isdigit() for letter in asked):
            return []
        values = sorted({asked, asked.upper(), asked.lower()})
        return await where(self._client, self._settings, attribute, values, deadline)

    async def _search(self, expression: str, deadline: Deadline) -> Sequence[User]:
        if not expression:
            return []
        query = {
            "$search": expression,
            "$filter": "accountEnabled eq true and userType eq 'Member'",
            "$select": USER_FIELDS,
            "$count": "true",
            "$top": CANDIDATES,
        }
        rows = await self._client.rows(("users",), query, deadline, eventual=True, whole=False)
        return [read_user(row, self._settings) for row in rows or ()]


def beginnings(word: str) -> set[str]:
    """The first letters of a word, as they are and with an accent on any one of them."""
    plain = word[:BEGINNING].casefold()
    accented = {
        f"{plain[:at]}{other}{plain[at + 1 :]}" for at, letter in enumerate(plain) for other in ACCENTED.get(letter, "")
    }
    return {plain, *accented}
