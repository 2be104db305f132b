"""Which accounts nobody touches through Loket, whoever asks and whatever was approved: the connector's own check."""

from __future__ import annotations

from connectors.accounts import Account, AccountKind
from core.errors import Refused
from core.outcomes import Outcome


def refuse_untouchable(account: Account, protected_groups: frozenset[str]) -> None:
    """Raises `Refused` (`account_protected`, `account_disabled`) unless the account is ordinary, enabled, a person's,
    and in no protected group.
    """
    is_ordinary = account.kind is AccountKind.ORDINARY and account.employee_id is not None
    if not is_ordinary or account.groups & protected_groups:
        raise Refused("account_protected", Outcome.REFUSED_FORBIDDEN)
    if not account.enabled:
        raise Refused("account_disabled", Outcome.REFUSED_FORBIDDEN)
