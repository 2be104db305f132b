"""What the page with a temporary credential looks like. Pure functions: words in, a page out."""

from __future__ import annotations

from starlette.responses import Response

from actions.opening import Shown
from actions.roads import Guard
from web_app.pages import CATALOGUE, button, page, paragraph, secret, text_field


def asking(guard: Guard, language: str, provider: str, *, signed_in: bool = False, no: str = "") -> Response:
    """The page before anything is shown: the same for every token that asks the same, whatever it leads to.

    `provider`: the address to which "sign in" sends browsers on. `no`: the key of why it is shown again.
    """
    parts = [paragraph(_say(no, language), important=True)] if no else []
    if guard is Guard.CODE:
        field = text_field(
            "code", _say("reveal_code_label", language), numeric=True, longest=12, wrong=no == "reveal_no"
        )
        parts += [
            paragraph(_say("reveal_code_how", language)),
            button(_say("reveal_code_button", language), {"do": "show"}, [field]),
        ]
    elif signed_in:
        parts += [
            paragraph(_say("reveal_signed_in_how", language)),
            button(_say("reveal_show_button", language), {"do": "show"}),
            button(_say("reveal_again_button", language), {"do": "sign_in"}, second=True),
        ]
    else:
        parts += [
            paragraph(_say("reveal_sign_in_how", language)),
            button(_say("reveal_sign_in_button", language), {"do": "sign_in"}),
        ]
    status = {"": 200, "reveal_busy": 429, "reveal_away": 503}.get(no, 403)
    leads_to = [provider] if provider else []
    title = _say("reveal_title", language)
    return page(title, parts, language, status=status, leads_to=leads_to, wrong=bool(no), switch=True)


def shown(found: Shown, language: str) -> Response:
    """The credential. Nothing on this page leads anywhere, and asking for it again shows nothing."""
    whose = "for_other" if found.for_other else "shown"
    parts = [
        paragraph(_say("reveal_shown_what", language, title=found.title)),
        secret(found.secret.get_secret_value(), _say("reveal_not_printed", language)),
        *([paragraph(_say("reveal_pass_how", language))] if found.is_pass else []),
        paragraph(_say(f"reveal_{whose}_how", language)),
    ]
    return page(_say(f"reveal_{whose}_title", language), parts, language)


def _say(key: str, language: str, **values: object) -> str:
    return CATALOGUE.say(key, language, **values)
