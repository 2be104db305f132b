"""A stranger of Slack shows who they are and is answered from then on: the whole counter, as the settings wire it."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest
from starlette.applications import Starlette

from connectors.notify.embedded import read_notes
from core.events import Address
from core.linking import Acquaintance, Profile
from core.outcomes import Outcome
from core.people import ChannelIdentity, Standing
from loket.linking.offering import OfferingChannel
from loket.linking.wiring import introductions
from loket.recording import RecordingChannel
from loket.service.pages import pages_of
from loket.settings import Settings
from tests.desk import Desk
from tests.servers.wrong_oidc import WrongProvider, wrong_provider
from tests.sign_in_room import PUBLIC, oidc_settings, text_of
from tests.staff import TOM

pytestmark = pytest.mark.slow
ACCOUNT = ChannelIdentity("slack", "TDHB", "U0NEW")
QUESTION = "how many days of leave do I get?"


async def who(address: Address) -> Acquaintance:
    """What Slack says of whoever this chat is with."""
    return Acquaintance(ACCOUNT, Standing.MEMBER, Profile("Tom", "tom.bakker@dhb.example", "DHB"))


async def asks(desk: Desk, event: str) -> None:
    """The account writes a question, and waits."""
    message = replace(desk.message("U0NEW", QUESTION, "slack_dm"), identity=ACCOUNT, complete=True)
    await desk.deliver(replace(message, event_id=f"slack:TDHB:{event}"))
    await desk.settle()


async def shows_who_they_are(desk: Desk, settings: Settings, provider: WrongProvider, path: str) -> str:
    """The way through the page; what it says at the end."""
    pages = pages_of(settings, desk.counter)
    transport = httpx.ASGITransport(Starlette(routes=pages.routes))
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC) as browser:
        sent = await browser.post(path, data={"do": "sign_in"})
        back = await browser.get(provider.signs_in(sent.headers["location"], "sub-tom"))
        here = back.headers["location"]  # in the language of who signed in
        seen = await browser.get(here)
        assert "U0NEW" in text_of(seen.text)
        done = await browser.post(here, data={"do": "link"})
    await pages.close()
    await desk.settle()
    return text_of(done.text)


async def test_a_stranger_signs_in_once_hears_of_it_everywhere_and_is_answered() -> None:
    with wrong_provider() as provider:
        oidc = oidc_settings(provider.issuer)
        async with Desk.start(settings={"oidc": oidc.model_dump()}) as desk:
            counter = desk.counter
            settings = Settings(home=counter.home.folder, _env_file=None, oidc=oidc.model_dump())
            counter.world.map_identity(ChannelIdentity("oidc", provider.issuer, "sub-tom"), TOM)
            chat = RecordingChannel("slack")
            people = introductions(settings.linking, settings.oidc, counter)
            counter.delivery.add_channel(OfferingChannel(chat, people, who))
            await asks(desk, "one")
            no = chat.posts[-1].reply
            assert no.outcome is Outcome.REFUSED_IDENTITY
            assert no.card is not None
            page = await shows_who_they_are(desk, settings, provider, no.card.links[0].address)
            assert "now counts as you" in page
            await asks(desk, "two")
            assert chat.posts[-1].reply.outcome is Outcome.ANSWERED
            notes = read_notes(counter.home.world / "notes")
            assert len([note for note in notes if "U0NEW" in note.text.get_secret_value()]) == 3
