"""The tools that come with the house, one a file. Their examples and titles are in `manifest.yaml`."""

from __future__ import annotations

from tools.spec import Tool


def all_tools() -> tuple[Tool, ...]:
    """Every built-in tool, reading ones first. Imported here, so that nothing is loaded before it is asked for."""
    from tools.builtin.comment_on_ticket import comment_on_ticket
    from tools.builtin.create_ticket import create_ticket
    from tools.builtin.find_person import find_person
    from tools.builtin.hand_over_to_person import hand_over_to_person
    from tools.builtin.my_requests import my_requests
    from tools.builtin.my_tickets import my_tickets
    from tools.builtin.reset_for_caller import reset_for_caller
    from tools.builtin.reset_my_password import reset_my_password
    from tools.builtin.reset_password_for import reset_password_for
    from tools.builtin.restore_access import restore_access
    from tools.builtin.search_policies import search_policies
    from tools.builtin.unlock_my_account import unlock_my_account

    return (
        search_policies,
        find_person,
        my_tickets,
        my_requests,
        create_ticket,
        comment_on_ticket,
        hand_over_to_person,
        reset_my_password,
        unlock_my_account,
        restore_access,
        reset_for_caller,
        reset_password_for,
    )
