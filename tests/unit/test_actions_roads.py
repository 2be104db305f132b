"""Whatever is known of a person, and whatever the rules allow: no credential travels by a road that a code takes."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.roads import (
    DEFAULT_WAYS,
    Delivery,
    Guard,
    Pages,
    Situation,
    Way,
    delivery_by,
    delivery_for,
    refuse_one_road,
)
from actions.rules import FIRST_RULES, parse
from core.errors import ConfigError, Refused
from core.people import Contact

MOBILE, MAIL = "+31655501234", "somebody@mail.example"
PROOFS = ("", "code", "callback", "callback_due", "sign_in", "sign_in_strong", "CODE", "voice", "none")
PAGES = (Pages(), Pages("https://desk.dhb.example"), Pages("https://desk.dhb.example", sign_in=True))


def person(mobile: str | None = MOBILE, mail: str | None = MAIL) -> Contact:
    return Contact("E1", mobile, mail, "work@dhb.example", datetime(2026, 1, 1, tzinfo=UTC))


def roads_of_codes(proof: str, guard: Guard) -> set[str]:
    """By which roads codes travel, worked out a second time: a code that proves identity, and one for the page."""
    surely_none = proof in {"callback", "callback_due", "sign_in", "sign_in_strong"}
    return (set() if surely_none else {"sms"}) | ({"sms"} if guard.value == "code" else set())


def road_of_credential(way: Way) -> str:
    return {"private_mail": "private_mail", "sms": "sms", "reveal": "chat", "hand_over": "hand"}[way.value]


def test_over_all_combinations_no_credential_takes_a_road_of_a_code() -> None:
    seen = set()
    ways = [order for count in range(5) for order in permutations(Way, count)]
    for mobile, mail, proof, own, pages, allowed in product(
        (MOBILE, None), (MAIL, None), PROOFS, (True, False), PAGES, ways
    ):
        try:
            chosen = delivery_for(person(mobile, mail), Situation(proof, own, allowed, pages))
        except Refused:
            continue
        assert road_of_credential(chosen.way) not in roads_of_codes(proof, chosen.guard)
        assert chosen.way in allowed
        assert chosen.way not in (Way.REVEAL, Way.HAND_OVER) or pages.are_on
        assert chosen.way is not Way.REVEAL or own, "the link goes to the requester: only their own"
        assert chosen.way is not Way.HAND_OVER or (pages.sign_in and chosen.guard is Guard.APPROVER)
        assert chosen.guard is not Guard.SIGN_IN or (pages.sign_in and proof.startswith("sign_in"))
        assert chosen.way is not Way.REVEAL or chosen.guard in (Guard.CODE, Guard.SIGN_IN), "a page that asks nothing"
        assert bool(chosen.address) is (chosen.way in (Way.PRIVATE_MAIL, Way.SMS) or chosen.guard is Guard.CODE)
        seen.add((chosen.way, chosen.guard))
    assert len(seen) == 5, "every way was tried"


@given(
    proof=st.one_of(st.sampled_from(PROOFS), st.text(max_size=20)),
    way=st.sampled_from(Way),
    guard=st.sampled_from(Guard),
)
def test_the_wall_itself_agrees_with_an_independent_reckoning(proof: str, way: Way, guard: Guard) -> None:
    clash = road_of_credential(way) in roads_of_codes(proof, guard)
    try:
        refuse_one_road(proof, Delivery(way, guard))
        assert not clash
    except Refused:
        assert clash


def test_a_proof_that_nobody_knows_counts_as_a_code_on_the_phone() -> None:
    with pytest.raises(Refused):
        delivery_by(Way.SMS, person(mail=None), Situation("whispered", own=True))


@pytest.mark.parametrize(
    ("contact", "proof", "pages", "expected"),
    [
        (person(), "code", PAGES[2], (Way.PRIVATE_MAIL, Guard.NONE)),
        (person(mail=None), "callback", PAGES[2], (Way.SMS, Guard.NONE)),
        (person(mail=None), "sign_in", PAGES[2], (Way.SMS, Guard.NONE)),
        (person(mail=None), "code", PAGES[2], (Way.REVEAL, Guard.CODE)),
        (person(mail=None, mobile=None), "sign_in_strong", PAGES[2], (Way.REVEAL, Guard.SIGN_IN)),
        (person(mail=None, mobile=None), "callback", PAGES[2], (Way.HAND_OVER, Guard.APPROVER)),
    ],
)
def test_the_default_order(contact: Contact, proof: str, pages: Pages, expected: tuple[Way, Guard]) -> None:
    chosen = delivery_for(contact, Situation(proof, own=True, pages=pages))
    assert (chosen.way, chosen.guard) == expected


def test_somebody_elses_credential_is_never_behind_a_link_in_the_requesters_chat() -> None:
    assert delivery_for(person(mail=None), Situation("code", own=False, pages=PAGES[2])).way is Way.HAND_OVER
    with pytest.raises(Refused):
        delivery_for(person(mail=None), Situation("code", own=False, pages=PAGES[1]))


def test_a_way_that_the_rules_leave_out_is_closed_also_on_the_way() -> None:
    with pytest.raises(Refused):
        delivery_by(Way.PRIVATE_MAIL, person(), Situation("code", own=True, allowed=(Way.HAND_OVER,)))


def test_without_pages_nothing_has_changed() -> None:
    with pytest.raises(Refused):
        delivery_for(person(mail=None), Situation("code", own=True))
    assert delivery_for(person(), Situation("code", own=True)).way is Way.PRIVATE_MAIL


def test_the_rules_say_the_order_and_old_rules_mean_the_default() -> None:
    document = FIRST_RULES.read_text(encoding="utf-8")
    assert parse(document).delivery == DEFAULT_WAYS
    line = next(line for line in document.splitlines() if line.startswith("delivery:"))
    assert parse(document.replace(line, "")).delivery == DEFAULT_WAYS
    assert parse(document.replace(line, "delivery: [hand_over]")).delivery == (Way.HAND_OVER,)
    for wrong in ("[pigeon]", "[sms, sms]", "sms", "[work_mail]"):
        with pytest.raises(ConfigError):
            parse(document.replace(line, f"delivery: {wrong}"))
