"""Mail: what a mail server, and whoever stands between, may do to it, and what never leaves unencrypted."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from connectors.notify import Road
from connectors.notify.letter import letter, message_id
from connectors.notify.settings import SmtpSettings
from connectors.notify.smtp import LINES, SmtpNotifier
from connectors.settings import OutsideSettings
from core.errors import ConfigError, ConnectorError, EffectUnknown
from tests.servers.certificates import Certificates
from tests.servers.smtp import FAULTS, PASSWORD, USER, MailServer, mail_server

CODE = "Uw code is 482913 – geef hem aan niemand"
OUTSIDE = OutsideSettings()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
async def server(certificates: Certificates) -> AsyncIterator[MailServer]:
    async with mail_server(certificates) as started:
        yield started
        assert started.violations == []


async def send(
    settings: SmtpSettings, road: Road = Road.PRIVATE_MAIL, to: str = "anna@mail.example", subject: str = "Uw code"
) -> None:
    notifier = SmtpNotifier(settings, OUTSIDE)
    try:
        await notifier.send(road, to, subject, SecretStr(CODE), "a-1:code")
    finally:
        await notifier.close()


# --- what arrives ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("implicit", [False, True])
async def test_a_mail_arrives_whole_and_encrypted(certificates: Certificates, implicit: bool) -> None:
    async with mail_server(certificates, implicit=implicit) as server:
        await send(server.settings(work_name="Loket", private_name="Dienst Hoeve en Beek (Loket)"))
    (arrived,) = server.letters
    assert (arrived.sender, arrived.receiver, arrived.text) == ("loket@dhb.example", "anna@mail.example", CODE)
    mail = arrived.mail
    assert mail["Subject"] == "Uw code"
    assert mail["From"] == '"Dienst Hoeve en Beek (Loket)" <loket@dhb.example>'
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == message_id(Road.PRIVATE_MAIL, "a-1:code", "loket@dhb.example")
    assert "a-1" not in mail["Message-ID"]
    assert server.sign_ins == [(USER, PASSWORD)]
    assert server.in_clear == ([] if implicit else ["ehlo dhb.example", "STARTTLS"])
    assert server.violations == []


async def test_work_mail_and_private_mail_have_names_of_their_own(server: MailServer) -> None:
    settings = server.settings(work_name="Loket", private_name="DHB")
    await send(settings, Road.WORK_MAIL, "anna@dhb.example")
    await send(settings, Road.PRIVATE_MAIL)
    assert [one.mail["From"] for one in server.letters] == ["Loket <loket@dhb.example>", "DHB <loket@dhb.example>"]
    assert server.letters[0].mail["Message-ID"] != server.letters[1].mail["Message-ID"]


async def test_a_server_that_knows_only_login_is_signed_in_to(server: MailServer) -> None:
    server.methods = "LOGIN XOAUTH2"
    await send(server.settings())
    assert server.sign_ins == [(USER, PASSWORD)]


async def test_a_text_with_dots_and_long_lines_arrives_as_it_was(server: MailServer) -> None:
    notifier = SmtpNotifier(server.settings(), OUTSIDE)
    text = ".\n..\n.hidden\n" + "é" * 3_000 + "\n.\nQUIT\nend"
    await notifier.send(Road.WORK_MAIL, "anna@dhb.example", "Één ✓", SecretStr(text), "a-1")
    await notifier.close()
    assert (server.letters[0].text, server.letters[0].mail["Subject"]) == (text, "Één ✓")


async def test_a_repeat_after_a_restart_can_be_recognised(server: MailServer) -> None:
    await send(server.settings())
    await send(server.settings())
    first, second = server.letters
    assert first.mail["Message-ID"] == second.mail["Message-ID"]


# --- somebody on the way -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        "no starttls", "starttls refused", "injects", "injects half a line",
        pytest.param("hangs in TLS", marks=pytest.mark.slow),
    ],
)  # fmt: skip
async def test_without_encryption_nothing_of_ours_is_said(certificates: Certificates, fault: str) -> None:
    async with mail_server(certificates, fault=fault) as server:
        with pytest.raises(ConnectorError) as refused:
            await send(server.settings())
    assert not isinstance(refused.value, EffectUnknown)
    assert {line.upper() for line in server.in_clear} <= {"EHLO DHB.EXAMPLE", "STARTTLS", "QUIT"}
    assert server.sign_ins == []
    assert server.letters == []


async def test_an_injected_answer_is_called_by_its_name(certificates: Certificates) -> None:
    async with mail_server(certificates, fault="injects") as server:
        with pytest.raises(ConnectorError, match="somebody on the way"):
            await send(server.settings())


@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize("wrong", ["authority", "name", "expired"])
async def test_a_certificate_that_is_not_the_servers_gets_no_password(
    certificates: Certificates, tmp_path: Path, wrong: str, implicit: bool
) -> None:
    issued = {
        "authority": lambda: Certificates(tmp_path / "other").issue("localhost"),
        "name": lambda: certificates.issue("mail.dhb.example", file="name"),
        "expired": lambda: certificates.issue("localhost", days=-1, file="expired"),
    }[wrong]()
    async with mail_server(certificates, issued=issued, implicit=implicit) as server:
        with pytest.raises(ConnectorError, match="certificate is not accepted"):
            await send(server.settings())
    assert server.sign_ins == []
    assert server.letters == []


async def test_a_server_that_offers_no_sign_in_gets_no_mail(certificates: Certificates) -> None:
    async with mail_server(certificates, fault="no auth") as server:
        with pytest.raises(ConnectorError, match="neither AUTH"):
            await send(server.settings())
        assert server.letters == []
        await send(server.settings(user="", password=""))
        assert len(server.letters) == 1


# --- injection ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "a@mail.example\r\nBcc: b@evil.example", "a@mail.example>\r\nRCPT TO:<b@evil.example",
        "a@mail.example> SIZE=1", '"a b"@mail.example', "a@mail.example, b@evil.example", "a(comment)@mail.example",
        "a@[127.0.0.1]", "é@mail.example", "a@mail.example\0", "a..b@mail.example", "@mail.example", "a@",
        "a@-x.example", "a\x0b@x.example", "a@mail.example\u2028Bcc:b@evil.example", "x" * 65 + "@mail.example",
    ],
)  # fmt: skip
async def test_an_address_is_one_address(server: MailServer, address: str) -> None:
    with pytest.raises(ConnectorError) as refused:
        await send(server.settings(), to=address)
    assert address not in str(refused.value)
    assert server.commands == []


@pytest.mark.parametrize("subject", ["x\r\nBcc: b@evil.example", "x\nBcc: b@evil.example"])
async def test_a_subject_cannot_start_another_header(server: MailServer, subject: str) -> None:
    with pytest.raises(ConnectorError, match="one line"):
        await send(server.settings(), subject=subject)
    assert server.commands == []


@pytest.mark.parametrize("mark", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\x00", "\ud800", "=?utf-8?q?=0ABcc:?= "])
async def test_odd_line_ends_stay_text(server: MailServer, mark: str) -> None:
    await send(server.settings(), subject=f"Code{mark}Bcc: b@evil.example")
    (arrived,) = server.letters
    assert arrived.receiver == "anna@mail.example"
    assert "Bcc" not in arrived.mail


# --- what a server may do ----------------------------------------------------------------------------------------

NOT_SENT = {
    "auth refused", "auth locked", "sender refused", "no such mailbox", "too busy at dot", "refused at dot", "echoes",
    "garbage", "long line", "hangs up at AUTH", "no starttls", "starttls refused", "injects", "injects half a line",
    "no auth",
}  # fmt: skip


@pytest.mark.parametrize("fault", sorted(NOT_SENT))
async def test_what_was_refused_surely_did_not_leave(certificates: Certificates, fault: str) -> None:
    async with mail_server(certificates, fault=fault) as server:
        with pytest.raises(ConnectorError) as refused:
            await send(server.settings())
    assert type(refused.value) is ConnectorError
    assert server.letters == []


@pytest.mark.parametrize(
    "fault", ["hangs up at dot", "garbage at dot", pytest.param("hangs at dot", marks=pytest.mark.slow)]
)
async def test_without_an_answer_it_may_have_left(certificates: Certificates, fault: str) -> None:
    async with mail_server(certificates, fault=fault) as server:
        with pytest.raises(EffectUnknown, match="may have left"):
            await send(server.settings())
    assert len(server.letters) == 1


@pytest.mark.timed
@pytest.mark.slow
@pytest.mark.parametrize("fault", [fault for fault in FAULTS if "hangs" in fault] + ["trickles", "endless"])
async def test_a_server_that_hangs_costs_its_time_and_no_more(certificates: Certificates, fault: str) -> None:
    async with mail_server(certificates, fault=fault) as server:
        begun = time.monotonic()
        try:
            await send(server.settings(step_seconds=0.5, total_seconds=1))
        except EffectUnknown:
            assert fault in ("hangs at dot", "hangs up at dot")
        except ConnectorError:
            assert "dot" not in fault
        else:
            assert fault == "hangs at QUIT"
        assert time.monotonic() - begun < 2.5


@pytest.mark.parametrize("fault", ["auth refused", "echoes", "no such mailbox", "hangs up at dot", "sender refused"])
async def test_no_error_and_no_log_quotes_a_secret(
    certificates: Certificates, fault: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    async with mail_server(certificates, fault=fault) as server:
        with pytest.raises(ConnectorError) as refused:
            await send(server.settings())
    out, err = capfd.readouterr()
    said: BaseException | None = refused.value
    seen = caplog.text + out + err
    while said is not None:
        seen += repr(said) + str(said)
        said = said.__cause__ or said.__context__
    for secret in (PASSWORD, "482913", "anna@mail.example", "WncwcnRl"):
        assert secret not in seen


async def test_a_refused_account_is_not_tried_again(certificates: Certificates) -> None:
    async with mail_server(certificates) as server:
        notifier = SmtpNotifier(server.settings(password="wrong"), OUTSIDE)
        for attempt in range(5):
            with pytest.raises(ConnectorError, match="refuse"):
                await notifier.send(Road.WORK_MAIL, "anna@dhb.example", "x", SecretStr(CODE), f"a-{attempt}")
        await notifier.close()
    assert server.sign_ins == [(USER, "wrong")]


async def test_a_message_in_doubt_is_repeated_three_times_at_most(certificates: Certificates) -> None:
    async with mail_server(certificates, fault="hangs up at dot") as server:
        notifier = SmtpNotifier(server.settings(), OUTSIDE)
        for _ in range(6):
            with pytest.raises(EffectUnknown):
                await notifier.send(Road.WORK_MAIL, "anna@dhb.example", "x", SecretStr(CODE), "a-1")
        server.fault = ""
        await notifier.send(Road.WORK_MAIL, "anna@dhb.example", "x", SecretStr(CODE), "a-2")
        await notifier.close()
    assert len(server.letters) == 4
    assert len({one.mail["Message-ID"] for one in server.letters}) == 2


@pytest.mark.timed
@pytest.mark.slow
async def test_messages_behind_hanging_ones_end_in_time_and_never_leave_later(certificates: Certificates) -> None:
    async with mail_server(certificates, fault="hangs at EHLO") as server:
        notifier = SmtpNotifier(server.settings(step_seconds=5, total_seconds=1), OUTSIDE)
        begun = time.monotonic()
        sending = (
            notifier.send(Road.WORK_MAIL, "anna@dhb.example", "x", SecretStr(CODE), f"a-{index}") for index in range(20)
        )
        ends = await asyncio.gather(*sending, return_exceptions=True)
        assert {type(end) for end in ends} == {ConnectorError}
        assert time.monotonic() - begun < 4
        assert len([thread for thread in threading.enumerate() if thread.name.startswith("loket-mail")]) <= LINES
        server.fault = ""
        await asyncio.sleep(0.5)
        await notifier.close()
    assert server.letters == []


async def test_whoever_stops_waiting_stops_the_sending(certificates: Certificates) -> None:
    async with mail_server(certificates, fault="hangs at RCPT") as server:
        notifier = SmtpNotifier(server.settings(step_seconds=5), OUTSIDE)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await notifier.send(Road.WORK_MAIL, "anna@dhb.example", "x", SecretStr(CODE), "a-1")
        server.fault = ""
        await asyncio.sleep(0.3)
        assert server.letters == []
        await notifier.close()


async def test_nobody_there_is_a_connector_error() -> None:
    settings = SmtpSettings(host="127.0.0.1", port=9, sender="loket@dhb.example", step_seconds=1)
    with pytest.raises(ConnectorError, match="connecting: no connection"):
        await send(settings)


# --- a look at it ------------------------------------------------------------------------------------------------


async def examined(settings: SmtpSettings) -> list[tuple[str, bool, str]]:
    notifier = SmtpNotifier(settings, OUTSIDE)
    seen = await notifier.examine()
    await notifier.close()
    assert all(one.advice for one in seen if not one.good)
    assert not [one for one in seen if PASSWORD in one.detail + one.advice]
    return [(one.what, one.good, one.detail + one.advice) for one in seen]


async def test_a_look_signs_in_and_sends_nothing(server: MailServer, certificates: Certificates) -> None:
    (account, certificate) = await examined(server.settings())
    assert account[1]
    assert "signed in as svc-loket" in account[2]
    assert "TLSv1.3" in account[2]
    assert (certificate[0], certificate[1]) == ("mail certificate", False)
    assert "valid for 19 days" in certificate[2]
    assert server.letters == []
    assert "RCPT" not in server.commands


@pytest.mark.parametrize(
    ("fault", "advice"),
    [
        ("no starttls", "LOKET_SMTP_TLS=implicit"),
        ("auth refused", "LOKET_SMTP_USER"),
        ("sender refused", "send as LOKET_SMTP_SENDER"),
    ],
)
async def test_a_look_says_what_to_change(certificates: Certificates, fault: str, advice: str) -> None:
    async with mail_server(certificates, fault=fault) as server:
        (seen,) = await examined(server.settings())
    assert not seen[1]
    assert advice in seen[2]
    assert len(server.sign_ins) <= 1


async def test_a_look_at_a_wrong_certificate_names_the_file(certificates: Certificates, tmp_path: Path) -> None:
    async with mail_server(certificates) as server:
        (seen,) = await examined(server.settings(ca_file=str(Certificates(tmp_path / "other").ca_file)))
    assert not seen[1]
    assert "LOKET_SMTP_CA_FILE" in seen[2]


# --- settings ----------------------------------------------------------------------------------------------------


def test_nothing_set_means_no_mail() -> None:
    assert not SmtpSettings().is_set


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"host": "smtp.dhb.example"}, "LOKET_SMTP_SENDER"),
        ({"host": "smtp.dhb.example:587", "sender": "a@dhb.example"}, "name of the server alone"),
        ({"host": "https://smtp.dhb.example", "sender": "a@dhb.example"}, "name of the server alone"),
        ({"sender": "Loket <a@dhb.example>"}, "one bare address"),
        ({"sender": "a@dhb.example\r\nBcc: b@evil.example"}, "one bare address"),
        ({"work_name": "Loket\r\nBcc: b@evil.example"}, "one line"),
        ({"user": "svc"}, "LOKET_SMTP_PASSWORD"),
        ({"user": "svc", "password": "geheim\nQUIT"}, "one line"),
        ({"tls": "none"}, "starttls"),
        ({"verify": False}, "xtra"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_once(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said) as refused:
        SmtpSettings.model_validate(wrong)
    assert "geheim" not in str(refused.value)


def test_a_certificate_file_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    bad = tmp_path / "ca.pem"
    bad.write_text("no certificate")
    with pytest.raises(ConfigError, match=r"ca\.pem cannot be read"):
        SmtpNotifier(SmtpSettings(host="smtp.dhb.example", sender="a@dhb.example", ca_file=bad), OUTSIDE)


def test_the_password_is_in_no_picture_of_the_settings() -> None:
    settings = SmtpSettings.model_validate(
        {"host": "smtp.dhb.example", "sender": "a@dhb.example", "user": "svc", "password": PASSWORD}
    )
    assert PASSWORD not in f"{settings!r}{settings}{settings.model_dump()}{settings.model_dump_json()}"


def test_letters_that_are_none_are_left_out_of_a_mail() -> None:
    settings = SmtpSettings(host="smtp.dhb.example", sender="a@dhb.example")
    text = SecretStr("ab\ud800c")
    assert b"abc" in letter(settings, Road.WORK_MAIL, "b@dhb.example", "x", text, "k", datetime.now(UTC))
