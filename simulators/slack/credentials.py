"""What an operator copies from Slack's pages into the app's settings."""

from __future__ import annotations

from simulators.slack.world import World


class Credentials:
    """Addresses, secrets and tokens of the simulated Slack."""

    world: World

    @property
    def api_url(self) -> str:
        """Where the Web API is, with a slash at the end."""
        return f"{self.world.address}api/"

    @property
    def authorize_url(self) -> str:
        """Where an admin is sent to install the app."""
        return f"{self.world.address}oauth/v2/authorize"

    @property
    def signing_secret(self) -> str:
        """What requests to the app are signed with."""
        return self.world.signing_secret

    @property
    def app_token(self) -> str:
        """The `xapp-…` token for Socket Mode."""
        return self.world.app_token

    @property
    def client_id(self) -> str:
        """Of the app, for OAuth."""
        return self.world.client_id

    @property
    def client_secret(self) -> str:
        """Belongs to the client id."""
        return self.world.client_secret

    def bot_token(self, team: str = "TDHB") -> str:
        """The bot token of a workspace."""
        return self.world.workspaces[team].token

    def bot_user(self, team: str = "TDHB") -> str:
        """The app's user id in a workspace."""
        return self.world.workspaces[team].bot_user
