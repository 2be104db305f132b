"""Where a credential is kept, never what it is: what a tool document says and a secret source reads."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class SecretReference(BaseModel):
    """`{from: env, name: HR_TOKEN}`. `env`: a variable; `file`: a file in the operator's folder of secrets; `command`:
    a command that the operator named in the settings (a vault's), never a command line.

    Which names a tool may use at all is the secret source's to say: Loket's own secrets are none of them.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)

    source: Literal["env", "file", "command"] = Field(alias="from")
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]

    @model_validator(mode="after")
    def _not_ours(self) -> SecretReference:
        if self.source == "env" and self.name.upper().startswith("LOKET_") and "_TOOL_" not in self.name.upper():
            raise ValueError("Loket's own variables are no credentials of a tool: use LOKET_TOOL_… or a name of yours")
        return self
