"""The whole counter before a real Active Directory: from a question in the chat to a sign-in at the domain."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

import pytest

from connectors.accounts import Account, AccountKind
from connectors.accounts.active_directory import ActiveDirectoryReader
from core.outcomes import Outcome
from tests.desk import Desk
from tests.reading import outcome_of, text_of
from tests.servers.ldap_front import ldap_front
from tests.servers.samba_ad import shared_domain
from tests.servers.samba_ad_domain import Domain
from tests.servers.samba_ad_staff import ADMINS, DOMAIN, settings
from tests.staff import KOEN, PRIYA, TOM

pytestmark = [pytest.mark.sampled(0.25), pytest.mark.slow]
OLD = "Havenlicht-Oud-42"


@pytest.fixture
def domain() -> Domain:
    found = shared_domain()
    found.set_credential("tom.bakker", OLD)
    return found


class Trusting(ActiveDirectoryReader):
    """A reader that takes every account for an ordinary one: what a mistake in ours would be."""

    async def of(self, employee_id: str) -> Sequence[Account]:
        return [_ordinary(account) for account in await super().of(employee_id)]

    async def by_id(self, account_id: str) -> Account | None:
        account = await super().by_id(account_id)
        return _ordinary(account) if account else None


def _ordinary(account: Account) -> Account:
    return replace(account, kind=AccountKind.ORDINARY, groups=frozenset())


@asynccontextmanager
async def desk_before(domain: Domain, url: str = "") -> AsyncIterator[Desk]:
    """A desk whose people and accounts are those of the domain; tickets and notes stay embedded."""
    chosen = settings(domain.address, domain.ca_file, **({"urls": url} if url else {}))
    sections = {"systems": {"directory": "ldap", "accounts": "ldap"}, "ldap": chosen}
    async with Desk.start(documents=(), settings=sections) as desk:
        yield desk


@asynccontextmanager
async def trusting(desk: Desk, domain: Domain) -> AsyncIterator[None]:
    """The gate looks at accounts through a reader that is wrong; the executor's own account is as it should be."""
    reader, gate = Trusting(settings(domain.address, domain.ca_file)), desk.counter.gate
    before = gate.parts
    systems = replace(before.systems, read=replace(before.systems.read, accounts=reader))
    gate.parts = replace(before, systems=systems)
    try:
        yield
    finally:
        gate.parts = before
        await reader.close()


@contextmanager
def four_groups_deep(domain: Domain, account: str) -> Iterator[None]:
    """Nested groups that no rule names, the last of them in Domain Admins."""
    names = ["sluisploeg", "sluiswacht", "objectbeheer", "domeinbeheer"]
    for name in names:
        domain.add_group(name, base=ADMINS)
    for inner, outer in zip((account, *names), (*names, "Domain Admins"), strict=True):
        domain.join(inner, outer)
    try:
        yield
    finally:
        for name in names:
            domain.delete(name)


async def asked_and_approved(desk: Desk, words: str) -> str:
    """The request of Tom, proved and approved; its id."""
    action = await desk.ask_for(TOM, words)
    assert (await desk.prove(TOM, action)).accepted
    assert (await desk.click(PRIYA, action, "approve")).accepted
    return action


async def test_a_reset_from_the_chat_to_the_first_sign_in(domain: Domain) -> None:
    async with desk_before(domain) as desk:
        reset = await asked_and_approved(desk, "reset my password")
        assert await desk.state(reset) == "done"
        credential = desk.credential(TOM)
        assert domain.signs_in("tom.bakker", credential) == "must_change"
        assert domain.signs_in("tom.bakker", OLD) == "no"
        assert desk.sinks_with(credential) == []
        assert desk.effects() == []  # nothing happened in the embedded world


async def test_locked_out_after_three_tries_and_let_in_again(domain: Domain) -> None:
    async with desk_before(domain) as desk:
        domain.lock_account("tom.bakker")
        assert domain.signs_in("tom.bakker", OLD) == "locked"
        unlock = await asked_and_approved(desk, "unlock my account")
        assert await desk.state(unlock) == "done"
        assert domain.signs_in("tom.bakker", OLD) == "ok"


async def test_whoever_is_in_a_protected_group_gets_no_draft(domain: Domain) -> None:
    async with desk_before(domain) as desk:
        replies = await desk.say(KOEN, "reset my password")
        assert outcome_of(replies) is Outcome.REFUSED_FORBIDDEN
        with four_groups_deep(domain, "tom.bakker"):
            replies = await desk.say(TOM, "reset my password")
            assert outcome_of(replies) is Outcome.REFUSED_FORBIDDEN
            assert not any(reply.card for reply in replies)


async def test_what_was_approved_by_mistake_is_refused_by_the_connector(domain: Domain) -> None:
    async with desk_before(domain) as desk, trusting(desk, domain):
        with four_groups_deep(domain, "tom.bakker"):
            reset = await asked_and_approved(desk, "reset my password")
            assert await desk.state(reset) == "failed"
            assert desk.credential(TOM) == ""
        assert domain.signs_in("tom.bakker", OLD) == "ok"


async def test_an_answer_that_was_cut_off_is_looked_up_and_never_asked_again(domain: Domain) -> None:
    with ldap_front((domain.address, 636), domain.certificates) as front:
        front.fail("modify", "cut after")
        async with desk_before(domain, front.url) as desk:
            reset = await asked_and_approved(desk, "reset my password")
            assert await desk.state(reset) == "unknown"
            assert desk.credential(TOM) == ""
            await desk.clock.advance(seconds=10)
            assert await desk.state(reset) == "done"
            assert domain.signs_in("tom.bakker", desk.credential(TOM)) == "must_change"
        assert front.count["modify"] == 1


async def test_a_change_that_never_arrived_ends_as_failed_and_no_credential_is_sent(domain: Domain) -> None:
    with ldap_front((domain.address, 636), domain.certificates) as front:
        front.fail("modify", "cut before")
        async with desk_before(domain, front.url) as desk:
            reset = await asked_and_approved(desk, "reset my password")
            assert await desk.state(reset) == "unknown"
            await desk.clock.advance(seconds=10)
            assert await desk.state(reset) == "unknown"
            await desk.clock.advance(minutes=11)
            assert await desk.state(reset) == "failed"
            assert desk.credential(TOM) == ""
        assert front.count["modify"] == 1
    assert domain.signs_in("tom.bakker", OLD) == "ok"


async def test_what_the_domain_does_not_take_is_said_in_words(domain: Domain) -> None:
    domain.change_entry(DOMAIN, minPwdLength="60")
    try:
        async with desk_before(domain) as desk:
            before = len(desk.posts())
            reset = await asked_and_approved(desk, "reset my password")
            assert await desk.state(reset) == "failed"
            told = text_of([post.reply for post in desk.posts(since=before) if post.address.user == TOM])
            assert "longer passwords" in told
    finally:
        domain.change_entry(DOMAIN, minPwdLength="12")
    assert domain.signs_in("tom.bakker", OLD) == "ok"
