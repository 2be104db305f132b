"""A vote at the command line by whoever signs in: the same gate, the same four eyes, nobody's word for who they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigError
from core.events import Verb
from core.people import ChannelIdentity
from loket.command import voting
from loket.command.adding.files import document_in
from loket.command.proposing import propose_signed_in
from loket.settings import Settings
from tests.desk import Desk
from tests.scenarios.test_device_sign_in import REGISTERED
from tests.servers.oidc import RealProvider, real_provider
from tests.sign_in_room import oidc_settings
from tests.staff import PRIYA, TOM
from tools.added import versions

FORM = document_in(Path(__file__).parents[2] / "examples" / "book_a_slot" / "form.yaml")
pytestmark = [pytest.mark.sampled(0.2), pytest.mark.slow]


@pytest.fixture(scope="module")
def provider() -> Iterator[RealProvider]:
    with real_provider(REGISTERED, {}) as provider:
        yield provider


@pytest.fixture
async def desk(tmp_path: Path, provider: RealProvider) -> AsyncIterator[Desk]:
    async with Desk.start(home=tmp_path) as desk:
        for employee in (TOM, PRIYA):
            desk.world.map_identity(ChannelIdentity("oidc", provider.issuer, f"sub-{employee}"), employee)
        yield desk


async def signed_in(desk: Desk, provider: RealProvider, who: str, command: Callable[..., Any]) -> Any:
    """Run a command and sign in as somebody when it says where."""
    oidc = oidc_settings(provider.issuer)
    settings = Settings(home=desk.counter.home.folder, oidc=oidc, _env_file=None)  # type: ignore[call-arg]
    said: asyncio.Queue[str] = asyncio.Queue()
    running = asyncio.create_task(command(settings, said.put_nowait))
    words = (await asyncio.wait_for(said.get(), 20)).split()
    await provider.types(words[1], words[4].rstrip("."), f"sub-{who}")
    return await asyncio.wait_for(running, 60)


def vote(action_id: str, verb: Verb) -> Callable[..., Any]:
    """The command that votes."""
    return lambda settings, tell: voting.vote(settings, action_id[:8], verb, {"reason": "no"}, tell)


async def test_whoever_signs_in_approves_and_the_service_carries_it_out(desk: Desk, provider: RealProvider) -> None:
    action_id = await desk.ask_for(TOM, "reset my password")
    await desk.prove(TOM, action_id)
    _language, cards = await signed_in(desk, provider, PRIYA, voting.cards)
    assert [card.action_id for card in cards] == [action_id]

    decision = await signed_in(desk, provider, PRIYA, vote(action_id, Verb.APPROVE))
    assert decision.accepted, decision.text
    await desk.clock.advance(seconds=30)
    assert [effect.kind for effect in desk.effects()] == ["credential_set"]


async def test_nobody_approves_their_own_request_by_signing_in_at_a_command_line(
    desk: Desk, provider: RealProvider
) -> None:
    action_id = await desk.ask_for(TOM, "reset my password")
    await desk.prove(TOM, action_id)
    decision = await signed_in(desk, provider, TOM, vote(action_id, Verb.APPROVE))
    assert not decision.accepted
    assert "Nobody approves their own request" in decision.text
    await desk.clock.advance(seconds=30)
    assert desk.effects() == []


async def test_an_admin_proposes_a_release_by_signing_in_and_nobody_else_can(
    desk: Desk, provider: RealProvider
) -> None:
    desk.world.map_identity(ChannelIdentity("oidc", provider.issuer, "sub-E1009"), "E1009")
    version = await desk.database.run(lambda tx: versions.draft(tx, FORM, "operator:jan@server", "terminal"))
    checked = partial(versions.record_check, passed=True, report={}, by="operator:jan@server")
    await desk.database.run(lambda tx: checked(tx, version.name, version.hash))
    arguments = {"name": version.name, "version": version.number, "document_hash": version.hash}
    arguments |= {"groups": [], "places": []}

    def command(settings: Settings, tell: Callable[[str], None]) -> Any:
        return propose_signed_in(settings, "release_tool", arguments, tell, yes=True)

    with pytest.raises(ConfigError):
        await signed_in(desk, provider, TOM, command)
    assert await desk.counter.gate.waiting() == []
    await signed_in(desk, provider, "E1009", command)
    assert [(one.tool, one.requester_id) for one in await desk.counter.gate.waiting()] == [("release_tool", "E1009")]


async def test_somebody_whom_the_directory_does_not_know_votes_on_nothing(desk: Desk, provider: RealProvider) -> None:
    action_id = await desk.ask_for(TOM, "reset my password")
    await desk.prove(TOM, action_id)
    with pytest.raises(ConfigError, match="stranger"):
        await signed_in(desk, provider, "nobody", vote(action_id, Verb.APPROVE))
