"""A pass that the outside system makes itself: it takes the place of ours in the envelope, and is nowhere else."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import structlog
from pydantic import SecretStr

from actions import envelopes
from actions.executor import Ended
from actions.records import State
from actions.tables import envelopes as envelopes_table
from storage import audit_verifier, metadata
from storage.faultpoint import install
from storage.tables import audit, outbox
from tests.gate_only import GateOnly
from tests.gate_rooms import room_on
from tests.own_pass import OwnPasses
from tests.unit.test_actions_secrets import everything_written
from tools.context import ActionContext, Effect

SANNE, APPROVERS = "E1001", ("E1003", "E1004")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def room(request: pytest.FixtureRequest) -> Iterator[GateOnly]:
    with room_on("" if request.param == "sqlite" else request.getfixturevalue("postgres_server")) as room:
        parts = room.gate.parts
        change = replace(parts.systems.change, accounts=OwnPasses(room.world, room.protected))  # type: ignore[type-var]
        room.gate.parts = replace(parts, systems=replace(parts.systems, change=change))
        yield room


def accounts(room: GateOnly) -> OwnPasses:
    found = room.gate.parts.systems.changing.accounts
    assert isinstance(found, OwnPasses)
    return found


async def approved(room: GateOnly) -> str:
    """A lost second factor, approved by two; nothing has happened yet."""
    action_id = await room.propose(SANNE, "restore_access")
    await room.prove(SANNE, action_id)
    for who in APPROVERS:
        assert (await room.click(who, action_id, "approve")).accepted
    return action_id


def mailed(room: GateOnly) -> list[str]:
    texts = [message["text"] for message in room.messages("private_mail")]
    return [text for text in texts if any(word in text for word in ("wachtwoord is", "pas is"))]


async def test_the_pass_that_was_made_outside_reaches_its_person_and_ours_does_not(
    room: GateOnly, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(envelopes, "new_credential", lambda: SecretStr("never-used-ABC-123"))
    action_id = await approved(room)
    await room.settle()
    assert await room.state(action_id) is State.DONE
    (text,) = mailed(room)
    assert accounts(room).last in text
    assert room.world.pass_works("sanne.dewit", accounts(room).last)
    assert "never-used" not in str(room.messages("private_mail"))
    assert kept_rows(room) == []


async def test_it_is_in_no_table_no_log_no_error_and_no_repr(room: GateOnly, caplog: pytest.LogCaptureFixture) -> None:
    with structlog.testing.capture_logs() as logged:
        action_id = await approved(room)
        room.world.fail_next("notify", "refuse")  # so that it lies in its envelope for a while
        await room.settle()
    secret = accounts(room).last
    forms = (secret, secret[::-1], secret.encode().hex(), base64.b64encode(secret.encode()).decode().rstrip("="))
    for place, text in {**everything_written_in(room), "log": str(logged), "errors": caplog.text}.items():
        assert not [form for form in forms if form in text], place
    action = await room.action(action_id)
    assert (action.reference, action.result_address) == ("sanne.dewit", "")
    assert secret not in repr(action)


def everything_written_in(room: GateOnly) -> dict[str, str]:
    """As in the tests of other secrets, on SQLite; on Postgres the tables are read through the database."""
    if room.database.engine.dialect.name == "sqlite":
        return everything_written(room)
    with room.database.engine.connect() as connection:
        return {table.name: str(connection.execute(table.select()).all()) for table in metadata.sorted_tables}


def test_an_effect_and_an_end_do_not_show_what_they_carry() -> None:
    made = SecretStr("a-pass-that-is-secret")
    for holder in (Effect("a", made=made, made_minutes=60), Ended(State.DONE, made=made)):
        assert "a-pass" not in repr(holder)
        assert "made=" not in repr(holder)


async def test_it_is_not_kept_longer_than_it_works(room: GateOnly) -> None:
    action_id = await approved(room)
    for _ in range(3):
        room.world.fail_next("notify", "refuse")
    await room.settle()
    with room.database.reading() as tx:
        envelope = envelopes.get(tx, action_id, "credential")
    assert envelope is not None
    assert envelope.expires_at - envelope.created_at <= timedelta(minutes=60, seconds=5)
    room.advance_clock(timedelta(minutes=61))
    await room.gate.sweep()
    await room.settle()
    assert kept_rows(room) == []
    assert any("alert_undelivered" in key for key in keys(room)), "a dead pass is not sent: people are told"


@pytest.mark.parametrize("point", ["executor.pass_made", "executor.acted"])
async def test_a_pass_that_was_made_and_not_recorded_is_lost_and_its_person_asks_anew(
    room: GateOnly, point: str
) -> None:
    """The executor dies with the pass in its hands: nobody has it, and the one made before is not it."""
    action_id = await approved(room)

    def die(name: str) -> None:
        if name == point:
            raise KeyboardInterrupt

    install(die)
    try:
        with pytest.raises(KeyboardInterrupt):
            await room.settle()
    finally:
        install(None)
    room.woken.clear()
    room.advance_clock(timedelta(minutes=2))
    await room.gate.sweep()
    await room.settle()
    assert await room.state(action_id) is State.UNKNOWN
    room.advance_clock(timedelta(seconds=30))
    await room.gate.sweep()
    await room.settle()

    assert await room.state(action_id) is State.DONE, "it happened: a look outside says so"
    assert mailed(room) == [], "a credential that does not work is worse than none"
    assert kept_rows(room) == []
    assert [key for key in keys(room) if "pass-lost" in key]
    assert [key for key in keys(room) if "alert_pass_lost" in key]
    assert len(room.effects()) == 1, "never a second try"
    again = await approved(room)
    await room.settle()
    assert await room.state(again) is State.DONE
    assert accounts(room).last in mailed(room)[0]


async def test_a_pass_whose_doubt_a_person_ends_is_lost_as_well(room: GateOnly) -> None:
    action_id = await approved(room)
    room.world.fail_next("accounts", "after")
    await room.settle()
    assert await room.state(action_id) is State.UNKNOWN
    decision = await room.gate.settle(action_id, await room.employee("E1003"), done=True)
    assert decision.accepted
    await room.settle()
    assert mailed(room) == []
    assert [key for key in keys(room) if "pass-lost" in key]


async def test_a_reset_whose_doubt_ends_still_delivers_its_own_credential(room: GateOnly) -> None:
    """Only where the system may have made the credential itself is it lost."""
    action_id = await room.propose(SANNE, "reset_my_password")
    await room.prove(SANNE, action_id)
    await room.click("E1003", action_id, "approve")
    room.world.fail_next("accounts", "after")
    await room.settle()
    room.advance_clock(timedelta(seconds=30))
    await room.gate.sweep()
    await room.settle()
    assert await room.state(action_id) is State.DONE
    assert len(mailed(room)) == 1


async def test_a_tool_that_puts_the_pass_into_its_result_is_not_believed(room: GateOnly) -> None:
    async def leaky(ctx: ActionContext, **_arguments: Any) -> Effect:
        made = SecretStr("TAP+leaky-secret!")
        return Effect("pass TAP+leaky-secret!", "https://desk.dhb.example/?p=TAP+leaky-secret!", made=made)

    tool = replace(room.gate.parts.tool("restore_access"), run=leaky)
    room.gate.parts = replace(room.gate.parts, own_tools={"restore_access": tool})
    action_id = await approved(room)
    await room.settle()
    assert await room.state(action_id) is State.DONE
    assert not [place for place, text in everything_written_in(room).items() if "leaky-secret" in text]


async def test_the_audit_says_that_ours_was_replaced_and_still_verifies(room: GateOnly) -> None:
    action_id = await approved(room)
    await room.settle()
    with room.database.reading() as tx:
        rows = tx.execute(audit.select().where(audit.c.verb == "credential.replaced")).all()
    assert [row.object for row in rows] == [f"action:{action_id}"]
    if room.database.engine.dialect.name == "sqlite":
        assert audit_verifier.verify(str(room.home / "loket.db")).ok


def keys(room: GateOnly) -> list[str]:
    with room.database.reading() as tx:
        return list(tx.execute(sa.select(outbox.c.key)).scalars())


def kept_rows(room: GateOnly) -> list[str]:
    """Envelopes that still hold a secret."""
    with room.database.reading() as tx:
        held = envelopes_table.c.ciphertext.is_not(None)
        return list(tx.execute(sa.select(envelopes_table.c.envelope_id).where(held)).scalars())
