"""The only way out for tools that admins add: declared hosts, checked and pinned addresses, bounded answers."""

from connectors.egress.egress import Answer, Egress
from connectors.egress.names import EgressRules

__all__ = ["Answer", "Egress", "EgressRules"]
