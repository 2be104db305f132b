"""The national clouds of Microsoft: where an application signs in and where it then asks, always as a pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CloudName = Literal["global", "us_gcc_high", "us_dod", "china"]


@dataclass(frozen=True, slots=True)
class Cloud:
    """The two hosts of one cloud, and whether it has the directory's audit log. Tokens of one are void in another."""

    login_host: str
    graph_host: str
    has_audit_log: bool = True
    issuer_host: str = ""

    @property
    def graph_url(self) -> str:
        """The address below which every call to Graph lies."""
        return f"https://{self.graph_host}/v1.0"

    def issuer(self, tenant: str) -> str:
        """Whom ID tokens of this tenant name as their issuer (v2.0)."""
        return f"https://{self.issuer_host or self.login_host}/{tenant}/v2.0"

    @property
    def resource(self) -> str:
        """What a token is asked for."""
        return f"https://{self.graph_host}"


CLOUDS: dict[CloudName, Cloud] = {
    "global": Cloud("login.microsoftonline.com", "graph.microsoft.com"),
    "us_gcc_high": Cloud("login.microsoftonline.us", "graph.microsoft.us"),
    "us_dod": Cloud("login.microsoftonline.us", "dod-graph.microsoft.us"),
    "china": Cloud(
        "login.chinacloudapi.cn",
        "microsoftgraph.chinacloudapi.cn",
        has_audit_log=False,
        issuer_host="login.partner.microsoftonline.cn",
    ),
}
"""From Microsoft's list of national deployments. GCC (not High) uses `global`. 21Vianet has no directoryAudits."""
