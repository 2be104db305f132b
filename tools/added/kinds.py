"""The kinds of added tool, and what a loader of one is handed; each kind's file is imported when it is first met."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Literal, Protocol, cast

from core.errors import ConfigError
from tools.added.document import ToolDocument
from tools.loaded import LoadedTool

if TYPE_CHECKING:
    from connectors.egress import Egress
    from connectors.mcp import McpServers
    from connectors.secret_source import SecretSource
    from tools.added.answers import AnswerBook

KINDS: Mapping[str, str] = {
    "openapi": "tools.added.openapi_kind",
    "mcp": "tools.added.mcp_kind",
    "form": "tools.added.form_kind",
    "python": "tools.added.python_kind",
}
"""Kind → the module that has it as `KIND`, an instance of `Kind`."""


@dataclass(frozen=True, slots=True)
class Way:
    """What loaders reach the world with; made by the composition root, one a process.

    `role` says which credential is this process's: the agent reads with `credential.read`, the executor changes
    things with `credential.write`; `web` shows and never calls. `all` is the embedded form: both. Where a part is
    None the process has no such way: a tool that needs it is loaded all the same (it must be shown, proposed and
    approved), and raises `ConnectorError` when it is run there.
    """

    egress: Egress | None = None
    secrets: SecretSource | None = None
    mcp: McpServers | None = None
    role: Literal["agent", "web", "executor", "all"] = "all"
    answers: AnswerBook | None = None


class Kind(Protocol):
    """One way in which a tool comes in."""

    @property
    def name(self) -> str:
        """The word in the document."""

    def load(self, document: ToolDocument, way: Way) -> LoadedTool:
        """The tool, ready to run. Does no input or output: it is called for every document whenever one changes.

        Build the record with `tools.added.loading.made`, which fills in all that does not depend on the kind.
        Raises `ConfigError` with what is wrong and how to mend it.
        """

    async def drifted(self, document: ToolDocument, way: Way) -> str:
        """What changed at the source since it was pinned, in one line for an admin; empty when nothing did.

        Raises `ConnectorError` when the source cannot be reached: that is not drift, and nothing is switched off.
        """


def kind_of(name: str, kinds: Mapping[str, str] = KINDS) -> Kind:
    """The kind of that name. Raises `ConfigError` for one there is not, or whose parts are not installed."""
    if name not in kinds:
        raise ConfigError(f"there is no kind of tool {name!r}; there are: {', '.join(sorted(kinds))}")
    try:
        return cast(Kind, import_module(kinds[name]).KIND)
    except ModuleNotFoundError as error:
        raise ConfigError(f"tools of kind {name!r} need the package {error.name!r}, which is not installed") from error


Kinds = Callable[[str], Kind]
"""How a kind is found: `kind_of`, or a test's own."""
