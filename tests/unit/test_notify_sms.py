"""Text messages: what a gateway may do to them, and what nothing in a text can do to the request."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from connectors.notify import Road
from connectors.notify.by_road import ByRoad
from connectors.notify.segments import segments
from connectors.notify.settings import SmsSettings, SmtpSettings
from connectors.notify.sms import SmsNotifier, token_of
from connectors.notify.smtp import SmtpNotifier
from connectors.notify.template import Template
from connectors.settings import OutsideSettings
from core.errors import ConnectorError, EffectUnknown
from tests.servers.certificates import Certificates
from tests.servers.sms import FAULTS, KEY, TEMPLATE, Gateway, Sent, sms_gateway

NUMBER = "+31655501001"
CODE = "Your code is 482913"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
async def gateway(certificates: Certificates) -> AsyncIterator[Gateway]:
    async with sms_gateway(certificates) as started:
        yield started
        assert started.violations == []


async def send(gateway: Gateway, text: str = CODE, to: str = NUMBER, key: str = "a-1:code", **changes: object) -> None:
    notifier = SmsNotifier(gateway.settings(**changes), gateway.outside())
    try:
        await notifier.send(Road.SMS, to, "Code", SecretStr(text), key)
    finally:
        await notifier.close()


# --- what arrives ------------------------------------------------------------------------------------------------


async def test_a_message_arrives_in_the_shape_that_was_described(gateway: Gateway) -> None:
    await send(gateway)
    assert gateway.sent == [Sent(NUMBER, "DHB", CODE, token_of("a-1:code"))]


async def test_a_form_arrives_too(gateway: Gateway) -> None:
    gateway.form = True
    form = '{"to": "{to_digits}", "from": "{sender}", "text": "{text}", "ref": "{key}"}'
    await send(gateway, "é & =\n100%", body="form", template=form)
    assert gateway.sent == [Sent("31655501001", "DHB", "é & =\n100%", token_of("a-1:code"))]


@pytest.mark.parametrize(
    ("changes", "header", "proof"),
    [
        ({"auth": "bearer"}, "authorization", f"Bearer {KEY}"),
        ({"auth": "basic", "user": "dhb"}, "authorization", "Basic ZGhiOmd3LTlmMmM3MWQwYTQ="),
        ({"auth": "header", "auth_header": "X-Api-Key"}, "x-api-key", KEY),
    ],
)
async def test_the_key_is_shown_as_the_gateway_wants_it(
    gateway: Gateway, changes: dict[str, object], header: str, proof: str
) -> None:
    gateway.header, gateway.proof = header, proof
    await send(gateway, **changes)
    assert len(gateway.sent) == 1


async def test_the_gateway_recognises_a_repeat_after_a_restart(gateway: Gateway) -> None:
    await send(gateway)
    await send(gateway)
    assert len(gateway.sent) == 1
    await send(gateway, key="a-2:code")
    assert len(gateway.sent) == 2


async def test_nobody_named_as_sender_means_that_the_field_is_missing() -> None:
    filled = Template('{"to": "{to}", "from": "{sender}", "text": "{text}"}').filled(values(CODE, sender=""))
    assert filled == {"to": NUMBER, "text": CODE}


# --- injection ---------------------------------------------------------------------------------------------------


def values(text: str, sender: str = "DHB") -> dict[str, str]:
    """What is filled in."""
    return {"to": NUMBER, "to_digits": NUMBER[1:], "sender": sender, "text": text, "key": "k"}


@given(st.text(max_size=200))
def test_a_text_is_a_text_whatever_stands_in_it(text: str) -> None:
    filled = json.loads(json.dumps(Template(TEMPLATE).filled(values(text))))
    assert filled == {
        "messages": [{"to": NUMBER, "from": "DHB", "body": {"type": "text", "content": text}}],
        "ref": "k",
    }


@pytest.mark.parametrize(
    "text",
    [
        '", "to": "+31600000000',
        "{key}{to}{sender}",
        '\\", "x": "',
        "{text}",
        "x\r\nX-Evil: 1",
        "&to=%2B31600000000",
        "\\u0022",
    ],
)
async def test_a_text_cannot_change_the_request(gateway: Gateway, text: str) -> None:
    await send(gateway, text)
    gateway.form = True
    form = '{"to": "{to}", "from": "{sender}", "text": "{text}", "ref": "{key}"}'
    await send(gateway, text, key="a-2", body="form", template=form)
    assert [(one.to, one.text) for one in gateway.sent] == [(NUMBER, text.replace("\r\n", "\n"))] * 2


@pytest.mark.parametrize(
    "number",
    ["0655501001", "+0655501001", "+31 6 55501001", "+31655501001\n", "+31655501001,+31655501002", "", "+3165",
     "a@b.example", "+316555010011234567", "+٣١٦٥٥٥٠١٠٠١"],
)  # fmt: skip
async def test_a_number_is_one_number_in_the_international_form(gateway: Gateway, number: str) -> None:
    with pytest.raises(ConnectorError) as refused:
        await send(gateway, to=number)
    assert not number or number not in str(refused.value)
    assert gateway.requests == []


async def test_a_text_of_too_many_parts_is_refused_before_it_costs_anything(gateway: Gateway) -> None:
    with pytest.raises(ConnectorError, match="LOKET_SMS_MAX_SEGMENTS"):
        await send(gateway, "é✓" * 100, max_segments=2)
    assert gateway.requests == []


# --- what a gateway may do ---------------------------------------------------------------------------------------

SURELY_NOT = {"bad request", "no key", "forbidden", "not found", "too busy"}


@pytest.mark.parametrize(
    "fault", [fault for fault in FAULTS if fault not in ("hangs", "trickles", "hangs after taking")]
)
async def test_a_failure_says_whether_the_message_may_have_left(certificates: Certificates, fault: str) -> None:
    async with sms_gateway(certificates, fault=fault) as gateway:
        with pytest.raises(ConnectorError) as failed:
            await send(gateway)
    assert isinstance(failed.value, EffectUnknown) is (fault not in SURELY_NOT)
    assert len(gateway.requests) == 1
    for secret in (KEY, "482913", NUMBER, "localhost"):
        assert secret not in str(failed.value)


@pytest.mark.timed
@pytest.mark.slow
@pytest.mark.parametrize("fault", ["hangs", "trickles", "hangs after taking"])
async def test_a_gateway_that_hangs_costs_its_time_and_no_more(certificates: Certificates, fault: str) -> None:
    async with sms_gateway(certificates, fault=fault) as gateway:
        begun = time.monotonic()
        with pytest.raises(EffectUnknown):
            await send(gateway)
        assert time.monotonic() - begun < 4


async def test_a_doubt_that_is_tried_again_arrives_once(certificates: Certificates) -> None:
    async with sms_gateway(certificates, fault="broken after taking") as gateway:
        notifier = SmsNotifier(gateway.settings(), gateway.outside())
        with pytest.raises(EffectUnknown):
            await notifier.send(Road.SMS, NUMBER, "Code", SecretStr(CODE), "a-1")
        gateway.fault = ""
        await notifier.send(Road.SMS, NUMBER, "Code", SecretStr(CODE), "a-1")
        await notifier.send(Road.SMS, NUMBER, "Code", SecretStr(CODE), "a-1")
        await notifier.close()
    assert len(gateway.sent) == 1
    assert len(gateway.requests) == 2


async def test_nobody_there_is_surely_not_sent(certificates: Certificates) -> None:
    gateway = Gateway(url="https://localhost:9/v1/messages", ca_file=str(certificates.ca_file))
    with pytest.raises(ConnectorError) as failed:
        await send(gateway)
    assert not isinstance(failed.value, EffectUnknown)


@pytest.mark.parametrize("wrong", ["authority", "name", "expired"])
async def test_a_certificate_that_is_not_the_gateways_gets_no_key(
    certificates: Certificates, tmp_path: Path, wrong: str
) -> None:
    issued = {
        "authority": lambda: Certificates(tmp_path / "other").issue("localhost"),
        "name": lambda: certificates.issue("sms.example", file="name"),
        "expired": lambda: certificates.issue("localhost", days=-1, file="expired"),
    }[wrong]()
    async with sms_gateway(certificates, issued=issued) as gateway:
        with pytest.raises(ConnectorError, match="certificate is not accepted") as failed:
            await send(gateway)
        notifier = SmsNotifier(gateway.settings(), gateway.outside())
        (seen,) = await notifier.examine()
        await notifier.close()
    assert not isinstance(failed.value, EffectUnknown)
    assert gateway.requests == []
    assert (seen.good, "LOKET_OUTSIDE_CA_FILE" in seen.advice) == (False, True)


@pytest.mark.parametrize("fault", ["bad request", "no key", "broken", "hangs up", ""])
async def test_no_error_and_no_log_quotes_a_secret(
    certificates: Certificates, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said: BaseException | None = None
    async with sms_gateway(certificates, fault=fault) as gateway:
        try:
            await send(gateway)
        except ConnectorError as error:
            said = error
    seen = caplog.text
    while said is not None:
        seen += repr(said) + str(said) + repr(vars(said))
        said = said.__cause__ or said.__context__
    for secret in (KEY, "482913", NUMBER):
        assert secret not in seen


# --- a look at it ------------------------------------------------------------------------------------------------


async def test_a_look_shakes_hands_and_asks_nothing(gateway: Gateway) -> None:
    notifier = SmsNotifier(gateway.settings(), gateway.outside())
    answers, certificate = await notifier.examine()
    await notifier.close()
    assert answers.good
    assert "TLSv1.3" in answers.detail
    assert (certificate.what, certificate.good) == ("sms certificate", False)
    assert gateway.requests == []


async def test_a_look_goes_through_the_proxy(gateway: Gateway) -> None:
    asked = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head.split(b"\r\n")[0].decode())
        host, _, port = head.split()[1].decode().rpartition(":")
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1" if host == "localhost" else host, int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            try:
                while data := await source.read(65_536):
                    sink.write(data)
                    await sink.drain()
            except ConnectionError:
                pass
            finally:
                sink.close()

        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))

    async with await asyncio.start_server(proxy, "127.0.0.1", 0) as listening:
        outside = gateway.outside(proxy=f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}")
        notifier = SmsNotifier(gateway.settings(), outside)
        seen = await notifier.examine()
        await notifier.send(Road.SMS, NUMBER, "Code", SecretStr(CODE), "a-1")
        await notifier.close()
        await asyncio.sleep(0.1)
    assert seen[0].good
    assert asked == [f"CONNECT {gateway.url.split('/')[2]} HTTP/1.1"] * 2
    assert len(gateway.sent) == 1


async def test_a_look_at_nobody_says_what_to_check(certificates: Certificates) -> None:
    gateway = Gateway(url="https://localhost:9/v1/messages", ca_file=str(certificates.ca_file))
    notifier = SmsNotifier(gateway.settings(), gateway.outside())
    (seen,) = await notifier.examine()
    await notifier.close()
    assert not seen.good
    assert "LOKET_SMS_URL" in seen.advice


# --- parts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 1), ("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3), ("€" * 80, 1), ("€" * 81, 2),
        ("é" * 160, 1), ("ë" * 70, 1), ("ë" * 71, 2), ("ë" * 134, 2), ("ë" * 135, 3), ("😀" * 35, 1), ("😀" * 36, 2),
    ],
)  # fmt: skip
def test_parts_are_counted_as_networks_count_them(text: str, parts: int) -> None:
    assert segments(text) == parts


# --- settings ----------------------------------------------------------------------------------------------------

GOOD = {"url": "https://sms.example.org/v1", "key": KEY}


def test_nothing_set_means_no_text_messages() -> None:
    assert not SmsSettings().is_set
    assert SmsSettings.model_validate(GOOD).is_set


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"url": "http://sms.example.org/v1"}, "https"),
        ({"url": "http://127.evil.example/v1"}, "https"),
        ({"url": "https://user:pw@sms.example.org"}, "leave user"),
        ({"key": None}, "LOKET_SMS_KEY"),
        ({"key": "geheim\nX: y"}, "a key has no spaces"),
        ({"auth": "basic"}, "LOKET_SMS_USER"),
        ({"auth": "header"}, "LOKET_SMS_AUTH_HEADER"),
        ({"auth": "header", "auth_header": "Host"}, "no name of a header"),
        ({"key_header": "X: y\r\nZ"}, "no name of a header"),
        ({"template": "{to} {text}"}, "not JSON"),
        ({"template": '{"to": {to}, "text": "{text}"}'}, "not JSON"),
        ({"template": '["{to}", "{text}"]'}, "JSON object"),
        ({"template": '{"to": "{to}"}'}, "needs {text}"),
        ({"template": '{"text": "{text}"}'}, r"{to} or {to_digits}"),
        ({"template": '{"to": "{to}", "text": "{text}", "x": "{secret}"}'}, "gap {secret}"),
        ({"template": '{"{to}": "{to}", "text": "{text}"}'}, "gap in a name"),
        ({"template": '{"to": ["{to}"], "text": "{text}"}', "body": "form"}, "one level"),
        ({"template": '{"to": "{to}", "text": "{text}"}', "sender": "DHB"}, "no {sender}"),
        ({"sender": "Dienst Hoeve en"}, "11 letters"),
        ({"sender": "D;B"}, "11 letters"),
        ({"success": "200 302"}, "from 200 to 299"),
        ({"success": ""}, "from 200 to 299"),
        ({"id_path": "messages[0].id"}, "dots between"),
        ({"method": "GET"}, "xtra"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_once(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said) as refused:
        SmsSettings.model_validate({**GOOD, **wrong})
    assert "geheim" not in str(refused.value)
    assert KEY not in str(refused.value)


def test_the_key_is_in_no_picture_of_the_settings() -> None:
    settings = SmsSettings.model_validate(GOOD)
    assert KEY not in f"{settings!r}{settings}{settings.model_dump()}{settings.model_dump_json()}"


# --- both roads --------------------------------------------------------------------------------------------------


async def test_a_road_without_a_system_is_closed_and_no_other_takes_over(gateway: Gateway) -> None:
    notifier = ByRoad(SmsNotifier(gateway.settings(), gateway.outside()))
    for road, address in ((Road.PRIVATE_MAIL, "anna@mail.example"), (Road.WORK_MAIL, "anna@dhb.example")):
        with pytest.raises(ConnectorError, match="set LOKET_SMTP_HOST") as closed:
            await notifier.send(road, address, "x", SecretStr(CODE), "a-1")
        assert type(closed.value) is ConnectorError
    seen = await notifier.examine()
    assert [one.what for one in seen if not one.good and one.advice.startswith("set LOKET_SMTP_HOST")] == [
        "road work_mail",
        "road private_mail",
    ]
    assert await notifier.powers() == ["notify.sms"]
    await notifier.close()
    assert gateway.sent == []


async def test_one_road_has_one_system() -> None:
    settings = SmtpSettings(host="smtp.dhb.example", sender="a@dhb.example")
    first, second = SmtpNotifier(settings, OutsideSettings()), SmtpNotifier(settings, OutsideSettings())
    with pytest.raises(ValueError, match="two systems"):
        ByRoad(first, second)
