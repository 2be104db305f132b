"""Who wrote what an action would put in force: they are on the requester's side, and have no vote on it."""

from __future__ import annotations

from actions.records import Action
from policies.versions import versions as policies
from storage import Tx
from tools.added import versions

RELEASE = "release_tool"
PUBLISH = "publish_policies"


def authors(tx: Tx, action: Action) -> frozenset[str]:
    """The employee who drafted the version, of a tool or of policies, that this action would put in force; nobody for
    any other action.

    An author at a shell (`operator:…`) is no employee, and cannot be told apart from one: two others look all the same.
    """
    number = action.arguments.get("version")
    if action.tool not in (RELEASE, PUBLISH) or not isinstance(number, int):
        return frozenset()
    kind, _, employee_id = _author(tx, action, number).partition(":")
    return frozenset({employee_id}) if kind == "employee" else frozenset()


def _author(tx: Tx, action: Action, number: int) -> str:
    if action.tool == PUBLISH:
        policy = policies.version(tx, str(action.arguments.get("collection")), number)
        return policy.author if policy else ""
    drafted = versions.version(tx, str(action.arguments.get("name")), number)
    return drafted.author if drafted else ""
