"""Where one MCP server is, what its session may cost, and what is counted of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.secret_reference import SecretReference

MOST_METHODS = 20


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One server with one credential: two of these that differ in anything never share a session.

    `server` is the word we call it by. Over HTTP: `url`, its `hosts` and `internal_hosts`, and the `credential` that is
    sent as a bearer. Over stdio: `command`, the program with its whole path and its arguments, never given to a shell;
    `environment` is all that it finds in its environment, each value by reference.
    """

    server: str
    url: str = ""
    hosts: frozenset[str] = frozenset()
    internal_hosts: frozenset[str] = frozenset()
    credential: SecretReference | None = None
    command: tuple[str, ...] = ()
    environment: tuple[tuple[str, SecretReference], ...] = ()

    @property
    def system(self) -> str:
        """What errors and logs call it."""
        return f"mcp {self.server}"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one server may take of us. Times are in seconds, sizes in bytes.

    `call_seconds` is for a call as a whole, waiting in line and starting the server included. A message of more than
    `message_bytes` ends the session; of a result, `output_bytes` of text are kept. `fresh_seconds`: a tool is compared
    with its pinned form before a call when the last look is older. After a failure the server is left alone for
    `first_pause`, then twice as long each time, up to `longest_pause`. `burst` and `messages_a_second`: what a server
    may say of its own accord; `burst_bytes` and `bytes_a_second` likewise.
    """

    call_seconds: float = 20.0
    start_seconds: float = 10.0
    end_seconds: float = 1.0
    idle_seconds: float = 120.0
    fresh_seconds: float = 60.0
    look_again_seconds: float = 5.0
    first_pause: float = 1.0
    longest_pause: float = 60.0
    message_bytes: int = 1_000_000
    output_bytes: int = 65_536
    most_tools: int = 500
    most_pages: int = 20
    at_once: int = 4
    waiting: int = 8
    burst: int = 400
    messages_a_second: float = 50.0
    burst_bytes: int = 8_000_000
    bytes_a_second: float = 500_000.0


@dataclass(slots=True)
class Counts:
    """What a server did that nobody asked it for: `asked` are requests of its own (sampling, elicitation, roots …),
    all refused, with their methods; `said` are notifications that were let go; `stderr_bytes` were thrown away."""

    asked: int = 0
    said: int = 0
    stderr_bytes: int = 0
    started: int = 0
    failed: int = 0
    busy: int = 0
    methods: dict[str, int] = field(default_factory=dict)

    def asks(self, method: str) -> None:
        """A request of the server's own. Its word for it is kept only while there are few."""
        self.asked += 1
        method = method[:60]
        if method in self.methods or len(self.methods) < MOST_METHODS:
            self.methods[method] = self.methods.get(method, 0) + 1
