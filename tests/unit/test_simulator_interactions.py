"""People of the simulated Slack press, pick and fill in; the app's answers come on their screens as in Slack."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from simulators.slack import NothingToPress, SimMessage, SlackSimulator
from tests.slack_room import Listener, call, listening, refusal

Json = dict[str, Any]


def plain(words: str) -> Json:
    return {"type": "plain_text", "text": words}


def button(label: str, name: str, **more: Any) -> Json:
    return {"type": "button", "text": plain(label), "action_id": name, **more}


def field(label: str, name: str, **element: Any) -> Json:
    element = {"type": "plain_text_input", "action_id": f"{name}_a", **element}
    return {"type": "input", "block_id": name, "label": plain(label), "element": element}


def modal(*blocks: Json, **more: Any) -> Json:
    view = {"type": "modal", "title": plain("Ticket"), "submit": plain("Verstuur"), "blocks": list(blocks)}
    return view | more


CHOICES = [{"text": plain(word), "value": word.lower()} for word in ("IT", "HR")]
FORM = modal(
    field("Onderwerp", "subject", max_length=20),
    field("Rij", "queue", type="static_select", options=CHOICES),
    field("Toelichting", "why", multiline=True) | {"optional": True},
    private_metadata="opaak",
    callback_id="ticket",
)


@pytest.fixture
async def slack() -> AsyncIterator[SlackSimulator]:
    async with SlackSimulator.start(echo=False) as simulator:
        tom = simulator.add_person("UE1002", name="Tom")
        anna = simulator.add_person("UANNA", name="Anna")
        simulator.add_channel("C-IT", [tom, anna])
        yield simulator


@pytest.fixture
async def app(slack: SlackSimulator) -> AsyncIterator[Listener]:
    async with listening(slack) as listener:
        yield listener


async def card(slack: SlackSimulator) -> SimMessage:
    elements = [
        button("Goedkeuren", "approve", value="a1", style="primary", visible_to_user_ids=["UANNA"]),
        button("Ik neem dit", "take", value="a1"),
        {"type": "overflow", "action_id": "more", "options": CHOICES},
    ]
    thumbs = {
        "type": "feedback_buttons",
        "action_id": "helpful",
        "positive_button": {"text": plain("👍"), "value": "up"},
        "negative_button": {"text": plain("👎"), "value": "down"},
    }
    blocks = [{"type": "actions", "elements": elements}, {"type": "context_actions", "elements": [thumbs]}]
    posted = await call(slack, "chat.postMessage", channel="C-IT", text="kaart", blocks=blocks)
    assert posted["ok"], posted
    return slack.messages("C-IT")[-1]


async def opened(slack: SlackSimulator, app: Listener, view: Json) -> Json:
    """The form comes on Tom's screen by his click."""
    await slack.people["UE1002"].press(await card(slack), "Ik neem dit")
    return await call(slack, "views.open", trigger_id=app.heard[-1]["trigger_id"], view=view)


async def test_a_click_reaches_the_app_with_all_that_slack_tells(slack: SlackSimulator, app: Listener) -> None:
    message = await card(slack)
    delivery = await slack.people["UE1002"].press(message, "Ik neem dit")
    assert delivery.acknowledged
    payload = app.heard[-1]
    assert (payload["type"], payload["user"]["id"], payload["team"]["id"]) == ("block_actions", "UE1002", "TDHB")
    assert payload["container"] == {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": "C-IT",
        "is_ephemeral": False,
    }
    assert payload["message"]["ts"] == message.ts
    (action,) = payload["actions"]
    assert (action["action_id"], action["value"], action["block_id"]) == ("take", "a1", message.blocks[0]["block_id"])
    assert payload["response_url"].startswith("http://127.0.0.1")


async def test_thumbs_and_menus_say_which_one(slack: SlackSimulator, app: Listener) -> None:
    message = await card(slack)
    await slack.people["UE1002"].press(message, "👎")
    await slack.people["UE1002"].press(message, "HR")
    down, menu = (payload["actions"][0] for payload in app.heard)
    assert (down["type"], down["action_id"], down["value"]) == ("feedback_buttons", "helpful", "down")
    assert menu["selected_option"]["value"] == "hr"


async def test_nobody_presses_what_is_not_on_their_screen(slack: SlackSimulator, app: Listener) -> None:
    message = await card(slack)
    with pytest.raises(NothingToPress, match="Ik neem dit"):
        await slack.people["UE1002"].press(message, "Goedkeuren")
    assert (await slack.people["UANNA"].press(message, "Goedkeuren")).acknowledged
    outsider = slack.add_person("UOUT")
    with pytest.raises(NothingToPress):
        await outsider.press(message, "take")
    await call(slack, "chat.update", channel="C-IT", ts=message.ts, text="klaar")
    with pytest.raises(NothingToPress):
        await slack.people["UANNA"].press(message, "take")
    assert (await slack.people["UANNA"].press(message, "take", stale=True)).acknowledged


async def test_a_click_that_the_app_does_not_take_in_is_known(slack: SlackSimulator, app: Listener) -> None:
    app.answer = lambda body: web.Response(status=500)
    delivery = await slack.people["UE1002"].press(await card(slack), "take")
    assert (delivery.acknowledged, delivery.tries) == (False, 1)


async def test_a_form_opens_once_within_three_seconds_of_the_click(slack: SlackSimulator, app: Listener) -> None:
    assert (await opened(slack, app, FORM))["ok"]
    trigger = app.heard[-1]["trigger_id"]
    assert await refusal(slack, "views.open", trigger_id=trigger, view=FORM) == "exchanged_trigger_id"
    await slack.people["UE1002"].press(await card(slack), "take")
    slack.clock.advance(3.1)
    late = await refusal(slack, "views.open", trigger_id=app.heard[-1]["trigger_id"], view=FORM)
    assert late == "expired_trigger_id"
    assert await refusal(slack, "views.open", trigger_id="1.2.3", view=FORM) == "invalid_trigger_id"


WRONG_VIEWS: dict[str, Json] = {
    "a long title": FORM | {"title": plain("x" * 25)},
    "a long submit": FORM | {"submit": plain("x" * 25)},
    "much metadata": FORM | {"private_metadata": "x" * 3001},
    "a long callback id": FORM | {"callback_id": "x" * 256},
    "a hundred and one blocks": FORM | {"blocks": [{"type": "divider"}] * 101},
    "input without submit": {key: value for key, value in FORM.items() if key != "submit"},
    "no title": {key: value for key, value in FORM.items() if key != "title"},
    "markdown": FORM | {"blocks": [{"type": "markdown", "text": "x"}]},
    "an unknown field": FORM | {"colour": "red"},
    "a home tab": {"type": "home", "blocks": []},
}


@pytest.mark.parametrize("name", WRONG_VIEWS)
async def test_a_form_beyond_its_limits_is_refused(slack: SlackSimulator, app: Listener, name: str) -> None:
    answer = await opened(slack, app, WRONG_VIEWS[name])
    assert answer["error"] == "invalid_arguments"
    assert answer["response_metadata"]["messages"]
    assert slack.people["UE1002"].modal is None


async def test_a_form_is_filled_in_and_sent(slack: SlackSimulator, app: Listener) -> None:
    await opened(slack, app, FORM)
    tom = slack.people["UE1002"]
    assert await tom.submit({"Onderwerp": "Printer", "queue": "IT"}) == {}
    payload = app.heard[-1]
    view = payload["view"]
    assert (payload["type"], view["callback_id"], view["private_metadata"]) == ("view_submission", "ticket", "opaak")
    values = view["state"]["values"]
    assert values["subject"]["subject_a"] == {"type": "plain_text_input", "value": "Printer"}
    assert values["queue"]["queue_a"]["selected_option"]["value"] == "it"
    assert values["why"]["why_a"]["value"] is None
    assert tom.modal is None


async def test_slack_itself_refuses_an_empty_or_too_long_field(slack: SlackSimulator, app: Listener) -> None:
    await opened(slack, app, FORM)
    before = len(app.heard)
    errors = await slack.people["UE1002"].submit({"subject": "x" * 21})
    assert set(errors) == {"subject", "queue"}
    assert len(app.heard) == before


async def test_the_apps_errors_stand_on_their_fields_and_the_form_stays(slack: SlackSimulator, app: Listener) -> None:
    await opened(slack, app, FORM)
    tom = slack.people["UE1002"]
    said = {"response_action": "errors", "errors": {"subject": "Te vaag"}}
    app.answer = lambda body: web.json_response(said)
    assert await tom.submit({"subject": "Hulp", "queue": "HR"}) == {"subject": "Te vaag"}
    assert tom.modal is not None
    said["errors"] = {"elsewhere": "x"}
    assert "trouble" in (await tom.submit({}))[""]
    app.answer = lambda body: web.Response(status=500)
    assert "trouble" in (await tom.submit({}))[""]


async def test_a_form_is_replaced_or_covered_by_another(slack: SlackSimulator, app: Listener) -> None:
    await opened(slack, app, FORM)
    tom = slack.people["UE1002"]
    second = FORM | {"title": plain("Tweede"), "callback_id": "second"}
    app.answer = lambda body: web.json_response({"response_action": "push", "view": second})
    await tom.submit({"subject": "a", "queue": "IT"})
    assert tom.modal is not None
    assert tom.modal.title == "Tweede"
    third = modal({"type": "section", "text": plain("Klaar")})
    app.answer = lambda body: web.json_response({"response_action": "update", "view": third})
    await tom.submit({"subject": "b", "queue": "IT"})
    assert slack.drawn(tom.modal) == "« Ticket »\nKlaar\n[Verstuur]"
    app.answer = lambda body: web.json_response({"response_action": "clear"})
    await tom.submit()
    assert tom.modal is None


async def test_closing_is_told_when_the_app_asked(slack: SlackSimulator, app: Listener) -> None:
    await opened(slack, app, FORM | {"notify_on_close": True})
    await slack.people["UE1002"].close_modal()
    assert app.heard[-1]["type"] == "view_closed"
    await opened(slack, app, FORM)
    assert await slack.people["UE1002"].close_modal() is None


async def test_a_form_is_changed_by_its_id_while_nobody_else_changed_it(slack: SlackSimulator, app: Listener) -> None:
    view = (await opened(slack, app, FORM))["view"]
    changed = await call(slack, "views.update", view_id=view["id"], hash=view["hash"], view=FORM)
    assert changed["ok"]
    conflict = await refusal(slack, "views.update", view_id=view["id"], hash=view["hash"], view=FORM)
    assert conflict == "hash_conflict"
    assert await refusal(slack, "views.update", view_id="V-NONE", view=FORM) == "not_found"
    await opened(slack, app, FORM)
    assert await refusal(slack, "views.update", view_id=view["id"], view=FORM) == "not_found"


async def test_app_home_is_published_for_one_person_and_can_be_pressed(slack: SlackSimulator, app: Listener) -> None:
    tom = slack.people["UE1002"]
    await tom.open_home()
    assert (app.events[-1]["type"], app.events[-1]["tab"]) == ("app_home_opened", "home")
    blocks = [{"type": "actions", "elements": [button("Vernieuw", "refresh")]}]
    home = {"type": "home", "blocks": blocks}
    assert (await call(slack, "views.publish", user_id=tom.id, view=home))["ok"]
    assert tom.home is not None
    await tom.press(tom.home, "Vernieuw")
    payload = app.heard[-1]
    assert (payload["container"]["type"], payload["view"]["type"]) == ("view", "home")
    assert "response_url" not in payload
    assert slack.people["UANNA"].home is None
    await tom.open_home()
    assert app.events[-1]["view"]["id"] == tom.home.id
    await tom.open_messages_tab()
    assert app.events[-1]["tab"] == "messages"


async def test_a_list_that_the_app_fills_offers_what_it_answers(slack: SlackSimulator, app: Listener) -> None:
    await opened(slack, app, modal(field("Collega", "who", type="external_select", min_query_length=1)))
    tom = slack.people["UE1002"]
    app.answer = lambda body: web.json_response({"options": CHOICES})
    assert await tom.suggest("Collega", "i") == ["IT", "HR"]
    app.answer = lambda body: web.Response()
    assert await tom.submit({"Collega": "HR"}) == {}
    assert app.heard[-1]["view"]["state"]["values"]["who"]["who_a"]["selected_option"]["value"] == "hr"


async def respond(url: str, **said: Any) -> tuple[int, Json]:
    async with aiohttp.ClientSession() as session, session.post(url, data=json.dumps(said)) as answer:
        return answer.status, await answer.json()


async def test_the_address_in_a_click_works_five_times_in_half_an_hour(slack: SlackSimulator, app: Listener) -> None:
    tom, message = slack.people["UE1002"], await card(slack)
    await tom.press(message, "take")
    url = app.heard[-1]["response_url"]
    assert (await respond(url, text="alleen voor jou"))[0] == 200
    assert [seen.text for seen in tom.sees("C-IT")] == ["kaart", "alleen voor jou"]
    assert [seen.text for seen in slack.people["UANNA"].sees("C-IT")] == ["kaart"]
    assert (await respond(url, text="vervangen", replace_original=True))[0] == 200
    assert message.text == "vervangen"
    assert (await respond(url))[1]["error"] == "no_text"
    for _ in range(2):
        await respond(url, text="x")
    assert await respond(url, text="x") == (404, {"ok": False, "error": "used_url"})
    await tom.press(message, "take", stale=True)
    slack.clock.advance(1801)
    assert (await respond(app.heard[-1]["response_url"], text="x"))[1]["error"] == "expired_url"
