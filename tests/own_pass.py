"""An account system that makes its own passes and says each of them once, as Microsoft Graph does."""

from __future__ import annotations

import secrets

from pydantic import SecretStr

from connectors.accounts.embedded import EmbeddedAccounts


class OwnPasses(EmbeddedAccounts):
    """The embedded accounts, except that whoever asks for a pass is told it instead of choosing it."""

    last = ""

    async def issue_access_pass(
        self, account_id: str, credential: SecretStr, minutes: int, key: str
    ) -> SecretStr | None:
        """A pass nobody has seen before; `credential` is not used."""
        made = SecretStr(f"TAP+{secrets.token_hex(6)}!")
        await super().issue_access_pass(account_id, made, minutes, key)
        self.last = made.get_secret_value()
        return made
