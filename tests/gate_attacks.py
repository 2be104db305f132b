"""What people usually ask for, and what somebody who can write to the database would write."""

from __future__ import annotations

from typing import Any

SENSIBLE = [
    ("E1001", "reset_my_password", ""),
    ("E1002", "unlock_my_account", ""),
    ("E1008", "reset_my_password", ""),
    ("E1018", "restore_access", ""),
    ("E1003", "reset_my_password", ""),
    ("E1005", "reset_for_caller", "E1002"),
    ("E1005", "reset_for_caller", "E1004"),
    ("E1006", "reset_password_for", "E1001"),
    ("E1002", "create_ticket", ""),
]
TAMPERED: dict[str, Any] = {
    "nonce": "0" * 32,
    "tool_hash": "0" * 64,
    "arguments": {"caller": "E1008"},
    "account_id": "tom.bakker",
    "requester_id": "E1002",
    "subject_id": "E1002",
    "rule_version": 9,
    "approvals_needed": 0,
    "approver_groups": ["all-staff"],
    "proof_needed": False,
    "proof_method": "code",
    "proof_stamp": "k.AAAA.AAAA",
    "confirm_stamp": "k.AAAA.AAAA",
    "tier": "write",
    "tool": "unlock_my_account",
    "state": "approved",
}
ATTACKS = [
    ["state"],
    ["state", "proof_method"],
    ["state", "proof_method", "proof_needed", "approvals_needed", "tier"],
    ["approver_groups"],
    ["approver_groups", "approvals_needed"],
    ["nonce"],
    ["account_id"],
    ["subject_id", "account_id"],
]
