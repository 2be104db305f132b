"""Which connector a process gets, by its settings and its role; and what happens to one with too much power."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from pydantic import SecretStr

from connectors.accounts.active_directory import ActiveDirectoryAccounts, ActiveDirectoryReader
from connectors.accounts.by_origin import AccountReaderByOrigin, AccountsByOrigin
from connectors.accounts.embedded import EmbeddedAccounts
from connectors.accounts.openldap import OpenLdapAccountReader, OpenLdapAccounts
from connectors.directory.ldap import LdapDirectory
from connectors.graph.settings import EntraSettings
from connectors.jira.settings import JiraSettings
from connectors.ldap.settings import LdapSettings
from connectors.notify import Road
from connectors.notify.by_road import ByRoad
from connectors.notify.settings import SmsSettings, SmtpSettings
from connectors.tickets.jira import JiraTicketReader, JiraTickets
from core.errors import ConfigError, ConnectorError
from loket.command.running import settings_for_a_person
from loket.outside import powers
from loket.outside.connected import Connected, connect
from loket.outside.powers import PowersWatch
from loket.outside.settings import SystemsSettings
from loket.service.roles import DUTIES, Role
from loket.settings import Settings
from tests.outside import new_world

LDAP = {
    "urls": "ldaps://ldap.dhb.example",
    "bind_dn": "cn=svc-read,dc=dhb,dc=example",
    "bind_password": "for-reading-7391",
    "write_bind_dn": "cn=svc-reset,dc=dhb,dc=example",
    "write_bind_password": "for-changing-7391",
    "people_base": "ou=people,dc=dhb,dc=example",
    "groups_base": "ou=groups,dc=dhb,dc=example",
}
GUID = "0f0e0d0c-0b0a-4908-8706-050403020100"
ENTRA = {"tenant": GUID, "client_id": GUID, "secret": "of-an-application-7391"}
JIRA = {"url": "https://jira.dhb.example", "kind": "data_center", "token": "t-7391", "queues": "IT=SUP:Service request"}


def settings(**sections: object) -> Settings:
    return Settings(_env_file=None, **sections)  # type: ignore[call-arg, arg-type]


def connected(role: Role, tmp_path: Path, **sections: object) -> Connected:
    return connect(settings(**sections), new_world(tmp_path), DUTIES[role])


def ldap(kind: str = "openldap") -> LdapSettings:
    return LdapSettings.model_validate({**LDAP, "kind": kind})


async def test_everything_is_embedded_until_somebody_says_otherwise(tmp_path: Path) -> None:
    there = connected(Role.ALL, tmp_path)
    assert there.real == ()
    assert there.changing is not None
    assert isinstance(there.changing[0], EmbeddedAccounts)


@pytest.mark.parametrize(
    ("kind", "reads", "changes"),
    [
        ("openldap", OpenLdapAccountReader, OpenLdapAccounts),
        ("active_directory", ActiveDirectoryReader, ActiveDirectoryAccounts),
    ],
)
async def test_the_agent_gets_what_reads_and_the_executor_what_changes(
    kind: str, reads: type, changes: type, tmp_path: Path
) -> None:
    chosen = {"systems": SystemsSettings(directory="ldap", accounts="ldap"), "ldap": ldap(kind)}
    agent = connected(Role.AGENT, tmp_path, **chosen)
    assert type(agent.accounts) is reads
    assert agent.changing is None
    assert agent.notifier is None
    executor = connected(Role.EXECUTOR, tmp_path, **chosen)
    assert type(executor.accounts) is changes
    assert executor.changing is not None
    assert executor.changing[0] is executor.accounts
    for there in (agent, executor):
        assert isinstance(there.directory, LdapDirectory)
        assert len(there.real) == 2
        for close in there.closing:
            await close()


async def test_a_hybrid_house_has_both(tmp_path: Path) -> None:
    chosen = {
        "systems": SystemsSettings(directory="entra", accounts="hybrid"),
        "ldap": ldap("active_directory"),
        "entra": EntraSettings.model_validate(ENTRA),
    }
    agent, executor = connected(Role.AGENT, tmp_path, **chosen), connected(Role.EXECUTOR, tmp_path, **chosen)
    assert type(agent.accounts) is AccountReaderByOrigin
    assert type(executor.accounts) is AccountsByOrigin
    for close in (*agent.closing, *executor.closing):
        await close()


async def test_tickets_are_read_by_the_agent_filed_by_the_executor_and_absent_in_the_web(tmp_path: Path) -> None:
    chosen = {"systems": SystemsSettings(tickets="jira"), "jira": JiraSettings.model_validate(JIRA)}
    assert type(connected(Role.AGENT, tmp_path, **chosen).tickets) is JiraTicketReader
    assert type(connected(Role.EXECUTOR, tmp_path, **chosen).tickets) is JiraTickets
    web = connected(
        Role.WEB,
        tmp_path,
        systems=SystemsSettings(tickets="jira"),
        jira=JiraSettings(queues=JIRA["queues"], hook_secret=SecretStr("of-the-hook-of-32-characters-7391")),
    )
    assert list(web.tickets.queues) == ["IT"]
    with pytest.raises(ConnectorError, match="holds no account"):
        await web.tickets.mine("E1001")


async def test_codes_leave_by_the_gateways_that_are_set_and_by_no_other(tmp_path: Path) -> None:
    sms = SmsSettings.model_validate({"url": "https://sms.dhb.example/send", "key": "k-7391"})
    there = connected(Role.EXECUTOR, tmp_path, systems=SystemsSettings(notify="gateways"), sms=sms)
    assert isinstance(there.notifier, ByRoad)
    assert there.notifier.roads == {Road.SMS}
    with pytest.raises(ConfigError, match="LOKET_SMTP_HOST"):
        connected(Role.EXECUTOR, tmp_path, systems=SystemsSettings(notify="gateways"), smtp=SmtpSettings())


@pytest.mark.parametrize(
    ("systems", "first"),
    [
        (SystemsSettings(directory="ldap"), "LOKET_LDAP_URLS"),
        (SystemsSettings(accounts="entra"), "LOKET_ENTRA_TENANT"),
        (SystemsSettings(tickets="jira"), "LOKET_JIRA_URL"),
    ],
)
def test_a_system_that_is_chosen_and_not_described_stops_the_start(
    systems: SystemsSettings, first: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=first):
        connected(Role.ALL, tmp_path, systems=systems)


@pytest.mark.parametrize("need", ["DIRECTORY=ldap", "ACCOUNTS=entra", "TICKETS=jira", "NOTIFY=gateways"])
def test_with_anything_real_a_shell_is_no_identity(need: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, value = need.split("=")
    monkeypatch.setenv(f"LOKET_SYSTEMS_{name}", value)
    with pytest.raises(ConfigError, match="a shell is no identity"):
        settings_for_a_person()


class Told:
    """A system that says what its account can change, once it answers."""

    def __init__(self, *answers: Sequence[str] | Exception) -> None:
        self._answers = list(answers)
        self.asked = asyncio.Event()

    async def powers(self) -> Sequence[str]:
        self.asked.set()
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_an_agent_whose_account_can_change_something_does_not_start() -> None:
    with pytest.raises(ConfigError, match="can change tickets"):
        await PowersWatch(Role.AGENT, [Told(()), Told(["tickets"])], lambda: None).start()


async def test_an_executor_may_and_is_asked_without_its_start_waiting() -> None:
    system, stopped = Told(["tickets"]), asyncio.Event()
    watch = PowersWatch(Role.EXECUTOR, [system], stopped.set)
    await watch.start()
    assert not system.asked.is_set()
    async with asyncio.timeout(5):
        await system.asked.wait()
    await watch.stop()
    assert not stopped.is_set()


async def test_a_system_that_is_away_keeps_nobody_from_answers_and_is_asked_until_it_tells(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(powers, "AGAIN_SECONDS", 0.01)
    stopped = asyncio.Event()
    away = ConnectorError("tickets", "no answer")
    watch = PowersWatch(Role.AGENT, [Told(away, away, ["tickets"]), Told(())], stopped.set)
    await watch.start()
    async with asyncio.timeout(5):
        await stopped.wait()
    await watch.stop()
