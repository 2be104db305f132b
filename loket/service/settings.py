"""What an operator can set of the service itself: where it listens, how it shows that it lives, how it stops."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ServeSettings(BaseModel):
    """The settings of `loket serve`."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    host: str = "127.0.0.1"
    """The address on which the service listens. In a container: 0.0.0.0."""

    port: int = Field(default=8080, ge=0, le=65_535)
    """The port on which it listens; 0 takes a free one and says which."""

    worker: str = Field(default="", max_length=80, pattern=r"^[A-Za-z0-9._-]*$")
    """The name of this process among all: stable over restarts, different for each. Empty: host and role."""

    core: int = Field(default=1, ge=0, le=4_096)
    """An agent or the embedded form keeps to one core, from the last on; each of `--agents` to its own. 0: to none."""

    turns_at_once: int = Field(default=48, ge=1, le=1_000)
    """How many turns one process works on at a time; the rest waits in the queue."""

    actions_at_once: int = Field(default=8, ge=1, le=200)
    """How many actions one process carries out at a time."""

    busy_seconds: float = Field(default=10, ge=0, le=3_600)
    """From such an expected wait on, in seconds, people are told that it is busy, and how busy; 0: never."""

    beat_seconds: float = Field(default=5, ge=0.1, le=60)
    """How often a process says that it lives, in seconds."""

    dead_seconds: float = Field(default=20, ge=0.5, le=300)
    """After this long without a word a process counts as gone, and the others take its work over."""

    drain_seconds: float = Field(default=25, ge=1, le=300)
    """How long a stopping process lets turns and actions finish, in seconds. Give it 5 more before it is killed."""

    sweep_seconds: float = Field(default=2, ge=0.1, le=60)
    """How often it is checked that nothing was left lying, in seconds."""
