"""An admin publishes a policy without a developer: what people are told changes when two others agreed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from actions.records import State
from core.people import ChannelIdentity
from loket.command.proposing import propose_signed_in
from loket.settings import Settings
from policies.versions import versions
from policies.versions.drafting import Author
from policies.versions.versions import Version
from storage import Tx
from tests.desk import Desk
from tests.scenarios.test_device_sign_in import REGISTERED
from tests.servers.oidc import real_provider
from tests.sign_in_room import oidc_settings
from tests.staff import ADMIN, TOM

OLD = "# Umbrellas\n\n## Borrowing\n\nYou may borrow an umbrella from the reception for two days.\n"
NEW = OLD.replace("two days", "nine days")
QUESTION = "For how many days may I borrow an umbrella?"


def asked(tx: Tx, version: Version) -> dict[str, Any]:
    base = versions.in_force(tx, version.collection).hash
    return {"collection": version.collection, "version": version.number, "version_hash": version.hash, "base": base}


async def drafted(desk: Desk, text: str) -> dict[str, Any]:
    """A draft of the desk's handbook with this text in it; the arguments to publish it with."""
    library, source = desk.counter.library, desk.counter.home.folder / "documents"
    (source / "umbrellas.md").write_text(text, encoding="utf-8")
    collection = (await library.documents())[0].collection
    draft = await library.draft(source, collection, Author("operator:somebody@desk", "terminal"))
    return await desk.database.read(lambda tx: asked(tx, draft.version))


async def told(desk: Desk, thread: str) -> str:
    return " ".join(reply.text for reply in await desk.say(TOM, QUESTION, thread=thread))


@pytest.mark.slow
async def test_whoever_signs_in_proposes_and_nothing_changes_by_that(
    tmp_path: Path,
) -> None:
    documents = {"umbrellas.md": OLD}
    with real_provider(REGISTERED, {}) as provider:
        async with Desk.start(home=tmp_path, documents=documents) as desk:
            desk.world.map_identity(ChannelIdentity("oidc", provider.issuer, f"sub-{ADMIN}"), ADMIN)
            arguments = await drafted(desk, NEW)
            assert "two days" in await told(desk, "before")

            oidc = oidc_settings(provider.issuer)
            settings = Settings(home=desk.counter.home.folder, oidc=oidc, _env_file=None)  # type: ignore[call-arg]
            said: asyncio.Queue[str] = asyncio.Queue()
            proposing = propose_signed_in(settings, "publish_policies", arguments, said.put_nowait, yes=True)
            running = asyncio.create_task(proposing)
            words = (await asyncio.wait_for(said.get(), 60)).split()
            await provider.types(words[1], words[4].rstrip("."), f"sub-{ADMIN}")
            await asyncio.wait_for(running, 60)
            waiting = await desk.counter.gate.waiting()
            assert [(action.tool, action.requester_id, action.state) for action in waiting] == [
                ("publish_policies", ADMIN, State.AWAITING_APPROVAL)
            ]
            assert not (await desk.click(ADMIN, waiting[0].action_id, "approve")).accepted
            assert "two days" in await told(desk, "after")


async def test_a_draft_reaches_no_answer_no_log_and_no_card(tmp_path: Path) -> None:
    async with Desk.start(home=tmp_path, documents={"umbrellas.md": OLD}) as desk:
        await drafted(desk, NEW.replace("reception", "zanzibarian porter"))

        answer = await told(desk, "now")

        assert "two days" in answer
        held = {name for name, text in desk.sinks().items() if "zanzibarian" in text}
        held -= {name for name in held if name.startswith(("file documents/", "file loket.sqlite"))}
        assert held == {"table policy_revisions"}
