"""What the page looks like on which an account of a chat is linked. Pure functions: words in, a page out."""

from __future__ import annotations

from starlette.responses import Response

from actions.linking.making import Made
from actions.linking.words import channel_name
from connectors.directory.link_offers import Offer
from core.people import Employee
from core.plain_text import reveal
from web_app.pages import CATALOGUE, button, facts, page, paragraph


def asking(language: str, provider: str) -> Response:
    """The page before anybody has signed in: the same for every link. `provider`: where "sign in" sends browsers on."""
    parts = [
        paragraph(_say("link_what", language)),
        paragraph(_say("link_warning", language), tone="warning"),
    ]
    parts.append(button(_say("link_sign_in_button", language), {"do": "sign_in"}))
    return page(_say("link_title", language), parts, language, leads_to=[provider], switch=True)


def confirming(offer: Offer, person: Employee, language: str) -> Response:
    """Whom it would link, in so many words, and how somebody could be tricked here."""
    channel, said = channel_name(offer.identity.channel), offer.profile
    nothing = _say("link_nothing", language)
    workspace = f"{reveal(said.workspace)} ({offer.identity.tenant})" if said.workspace else offer.identity.tenant
    pairs = (
        (_say("link_account", language, channel=channel), reveal(said.name) or nothing),
        (_say("link_address", language, channel=channel), reveal(said.address) or nothing),
        (_say("link_workspace", language), workspace),
        (_say("link_user", language), offer.identity.user),
        (_say("link_you", language), f"{person.name} ({person.employee_id}), {person.email}"),
    )
    parts = [
        facts(pairs),
        paragraph(_say("link_means", language, channel=channel)),
        paragraph(_say("link_trick", language, channel=channel), tone="warning"),
        button(_say("link_yes_button", language), {"do": "link"}),
        button(_say("link_no_button", language), {"do": "not_mine"}, second=True),
    ]
    return page(_say("link_confirm_title", language, channel=channel), parts, language, switch=True)


def linked(offer: Offer, language: str, hours: int) -> Response:
    """It is done."""
    channel = channel_name(offer.identity.channel)
    parts = [
        paragraph(_say("link_done", language, channel=channel), important=True, tone="done"),
        paragraph(_say("link_done_how", language, hours=hours)),
    ]
    return page(_say("link_done_title", language), parts, language)


def ended(made: Made, language: str) -> Response:
    """Nothing was linked, and why."""
    status = 410 if made is Made.GONE else 403
    text = paragraph(_say(f"link_{made}", language), important=True)
    return page(_say("link_no_title", language), [text], language, status=status)


def _say(key: str, language: str, **values: object) -> str:
    return CATALOGUE.say(key, language, **values)
