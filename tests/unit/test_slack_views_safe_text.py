"""Text from a model or a person cannot call anybody, show a picture or lead anywhere else in Slack."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.plain_text import visible
from slack_app.views import safe_text
from slack_app.views.addresses import clickable, hosts_of
from slack_app.views.plain_words import notice_of, words_of
from slack_app.views.safe_text import safe_line, safe_markdown
from tests.slack_blocks import ACTIVE, assert_safe, letters, links_in

HOSTS = frozenset({"good.example", "127.0.0.1"})

MENTIONS = [
    "<!channel>",
    "<!here>",
    "<!everyone>",
    "<@U024BE7LH>",
    "<@W024BE7LH|boss>",
    "<#C024BE7LR>",
    "<!subteam^SAZ94GDB8>",
    "<!channel|x>",
    "<!date^1392734382^{date}^https://evil.example|today>",
    "&lt;!channel&gt;",
    "&#60;!channel&#62;",
    "&#x3C;!channel&#x3e;",
    "&LT;!channel&GT;",
    "&amp;lt;!channel&amp;gt;",
    "&amp;amp;amp;amp;amp;amp;lt;!channel>",
    "&l&#116;;!channel>",
    "&am&#112;;lt;!channel>",
    "<\u200b!channel>",
    "<!\u200bchannel>",
    "<!chan\u00adnel>",
    "<\u202e!channel>",
    "<\U000e0021!channel>",
    "&#8203;<!channel>",
    "<&#8203;!channel>",
    "`<!channel>`",
    "``<!channel>``",
    "```\n<!channel>\n```",
    "~~~\n<@U024BE7LH>\n~~~",
    "    <!channel>",
    "> <!here>",
    "<<!channel>>",
    "<[<!channel>]>",
    "[<!channel>](https://good.example/)",
    "[x](https://good.example/<!channel>)",
    "[x](https://good.example/%3C!channel%3E)",
    "[x](<!channel>)",
    "![<!channel>](https://good.example/a.png)",
    "**<!chan**nel>",
    "<\\!channel>",
    "\\<!channel>",
    "<!channel",
    "| <!channel> | <@U024BE7LH> |\n| --- | --- |\n| <!here> | x |",
    "# <!channel>",
    "- <!channel>",
    "%3C!channel%3E",
    "<%21channel>",
    "<!\nchannel>",
    "<\n!channel>",
    "@channel and @here, @everyone",
    "`@channel`",
    "&commat;channel",
    "@\u200bchannel",
]

LINKS = [
    "[leave](https://evil.example/a)",
    "[leave](http://evil.example)",
    "[leave](//evil.example)",
    "[leave](https:evil.example)",
    "[leave](https:/evil.example)",
    "[leave](https:\\\\evil.example)",
    "[leave](https://good.example@evil.example)",
    "[leave](https://good.example:x@evil.example/)",
    "[leave](https://good.example%40evil.example)",
    "[leave](https://good.example\\@evil.example)",
    "[leave](https://good.example\\.evil.example)",
    "[leave](https://good.example.)",
    "[leave](https://good.example./x)",
    "[leave](https://good.example.evil.example)",
    "[leave](https://notgood.example)",
    "[leave](https://g\u043e\u043ed.example)",
    "[leave](https://xn--gd-fmca.example)",
    "[leave](https://good\u3002example)",
    "[leave](https://good.example\u2044evil.example)",
    "[leave](https://good.example/?q=" + "s" * 65 + ")",
    "[leave](https://good.example/#" + "s" * 65 + ")",
    "[leave](javascript:alert(1))",
    "[leave](JaVaScRiPt:alert(1))",
    "[leave](java&#115;cript:alert(1))",
    "[leave](java\nscript:alert(1))",
    "[leave](data:text/html;base64,PHNjcmlwdD4=)",
    "[leave](slack://user?team=T1&id=U1)",
    "[leave](mailto:a@evil.example)",
    "[leave](tel:+31201234567)",
    "[leave](file:///etc/passwd)",
    "[leave](ftp://good.example/x)",
    "[leave](<https://evil.example/a b>)",
    '[leave](https://evil.example "https://good.example")',
    "[leave][1]\n\n[1]: https://evil.example",
    "[leave]\n\n[leave]: https://evil.example 'good'",
    "[leave][]\n\n[leave]: <https://evil.example>",
    "[a [leave](https://evil.example) b](https://good.example/)",
    "[a ![i](https://evil.example/i.png) b](https://good.example/)",
    "[https://evil.example](https://good.example/)",
    "[`x`](https://evil.example)",
    "[`x](https://evil.example)`",
    "`x [leave](https://evil.example)",
    "``x` [leave](https://evil.example)",
    "\\`[leave](https://evil.example)\\`",
    "`\\` https://evil.example",
    "\\https://evil.example",
    "\\\\https://evil.example\\",
    "!https://good.example/i.png",
    "!!https://good.example/i.png",
    "![i](https://evil.example/i.png)",
    "![i](https://good.example/i.png)",
    "![i][1]\n\n[1]: https://evil.example/i.png",
    "<https://evil.example>",
    "<https://evil.example|https://good.example>",
    "<a@evil.example>",
    "<a href='https://evil.example'>leave</a>",
    "<img src=https://evil.example/i.png>",
    "<img\nsrc='https://evil.example/i.png'>",
    "<script>fetch('https://evil.example')</script>",
    "https://evil.example/a",
    "HTTPS://EVIL.EXAMPLE/a",
    "xhttps://evil.example",
    "1https://evil.example",
    "https://evil.example`https://evil.example`https://evil.example",
    "**https://evil.example**",
    "_https://evil.example_",
    "_evil.example_",
    "(https://evil.example)",
    "https://good.example**.evil.example**",
    "https://good.example\n.evil.example",
    "https://good.example\u200b.evil.example",
    "https://good.example&#46;evil.example",
    "https&colon;//evil.example",
    "www.evil.example",
    "evil.example/a?b=c",
    "x..evil.example",
    ".evil.example",
    "a@evil.example",
    "mailto:a@evil.example",
    "javascript:alert(1)",
    "slack://open",
    "<https://evil.example`https://evil.example`https://evil.example>",
    "[x](https://evil.example`y`https://evil.example)",
    "[x `](https://evil.example)` y](https://good.example/)",
    "```\ncode\n```https://evil.example",
    "```https://evil.example\ncode\n```",
    "> ```\nhttps://evil.example\n> ```",
    "- ```\nhttps://evil.example\n  ```",
    "```\ncode\n\nhttps://evil.example",
    "````\n```\nhttps://evil.example\n````\nhttps://evil.example",
    "| [a](https://evil.example) | https://evil.example |\n| --- | --- |\n| `x | https://evil.example` |",
]


@pytest.mark.parametrize("attack", MENTIONS)
def test_nobody_is_mentioned_however_it_is_written(attack: str) -> None:
    for text in (attack, f"Hello {attack} there", f"`{attack}", f"[{attack}](https://good.example/)"):
        assert_safe(safe_markdown(text, HOSTS), HOSTS)
        assert_safe(safe_line(text, HOSTS), HOSTS)


@pytest.mark.parametrize("attack", LINKS)
def test_nothing_leads_elsewhere_and_no_picture_is_shown(attack: str) -> None:
    for text in (attack, f"See {attack}, please", f"*{attack}*", f"# {attack}"):
        assert_safe(safe_markdown(text, HOSTS), HOSTS)
        assert_safe(safe_line(text, HOSTS), HOSTS)


@pytest.mark.parametrize("attack", [*MENTIONS, *LINKS])
def test_a_notification_is_as_harmless_as_the_message(attack: str) -> None:
    for text in (attack, f"Hello {attack} there"):
        assert "<" not in notice_of(text)
        assert not re.search(r"(?<!\w)@(?:channel|here|everyone)\b", notice_of(text))
        assert not ACTIVE.search(words_of(text))


def test_every_attack_keeps_the_words_that_people_read() -> None:
    for attack in MENTIONS:
        words = set(re.findall("channel|here|U024BE7LH|boss", visible(attack)))
        made = safe_markdown(attack, HOSTS)
        assert {word for word in words if word not in made} == set(), attack
    for attack in LINKS:
        assert "evil" not in attack or "evil" in safe_markdown(attack, HOSTS).lower(), attack


def test_an_address_that_is_no_link_stands_behind_its_words_as_code() -> None:
    made = safe_markdown("Read [the rules](https://evil.example/a?b=1) first.", HOSTS)
    assert made == "Read the rules (`https://evil.example/a?b=1`) first."


def test_an_address_on_a_named_host_stays_a_link() -> None:
    assert safe_markdown("[the rules](https://good.example/a(b)?c=d#e)", HOSTS) == (
        "[the rules](https://good.example/a%28b%29?c=d#e)"
    )
    assert links_in(safe_markdown("See https://good.example/a.", HOSTS)) == ["https://good.example/a"]
    assert links_in(safe_markdown("See <https://good.example/a|here>.", HOSTS)) == ["https://good.example/a"]
    assert links_in(safe_markdown("http://127.0.0.1:8080/proof/x", HOSTS)) == ["http://127.0.0.1:8080/proof/x"]


def test_headings_lists_tables_emphasis_and_code_survive() -> None:
    text = (
        "# Leave\n\nYou get **25** days, *more* with ~~20~~ `30` years [1].\n\n1. Ask\n   - early\n2. Wait\n\n"
        '| years | days |\n|---|---:|\n| < 5 | 25 |\n| >= 5 | 27 |\n\n> quoted\n\n```sh\nloket ask "x" | tee -a y\n```'
    )
    assert safe_markdown(text, frozenset()) == text


def test_dutch_abbreviations_are_not_taken_for_hosts() -> None:
    text = "Dit geldt o.a. bij ziekte, d.w.z. na 2 dagen (art. 3.1), m.i.v. 1 mei om 10.30 uur; vgl. e.g. U.S.A."
    assert safe_markdown(text, frozenset()) == text


def test_the_hosts_of_sources_are_those_of_plain_web_addresses() -> None:
    assert hosts_of(["https://Good.example/a", "javascript:x", "https://a@b.example", "docs/a.md", ""]) == {
        "good.example"
    }
    assert clickable("https://GOOD.example/a", HOSTS) == "https://GOOD.example/a"
    assert clickable("https://good.example/" + "a" * 3000, HOSTS) == ""


PIECES = st.one_of(
    st.sampled_from(MENTIONS + LINKS),
    st.sampled_from(
        ["`", "``", "```", "```\n", "~~~\n", "\n", " ", "[", "]", "(", ")", "](", "![", "<", ">", "|", "\\"]
    ),
    st.sampled_from(
        ["&", "&lt;", "&amp;", ";", "!", "@", "*", "_", "> ", "    ", "- ", "https://", "evil.example", "here"]
    ),
    st.text(max_size=6),
)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_no_mixture_of_attacks_does_anything(text: str) -> None:
    assert_safe(safe_markdown(text, HOSTS), HOSTS)
    assert_safe(safe_line(text, HOSTS), HOSTS)
    assert "<" not in notice_of(text)


@given(st.text(max_size=400))
def test_any_text_keeps_its_letters_in_their_order(text: str) -> None:
    assert letters(safe_markdown(text, HOSTS)) == letters(text)


@pytest.mark.parametrize(
    "part",
    [
        "a",
        "a.",
        "<",
        "[",
        "[x](",
        "`",
        "``x` ",
        "&amp;",
        "&",
        "![",
        "a@",
        "://",
        "https://",
        "x://a",
        "(a)",
        "@",
        "\\",
        "a-",
        "_",
        "|",
    ],
)
def test_the_time_it_takes_grows_with_the_text_and_no_faster(part: str) -> None:
    text = "<" + part * (40_000 // len(part))
    begun = time.process_time()
    safe_markdown(text, HOSTS)
    notice_of(text)
    assert time.process_time() - begun < 3.0


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Mail hr@good.example.", "Mail [hr@good.example](mailto:hr@good.example)."),
        ("(hr@good.example)", "([hr@good.example](mailto:hr@good.example))"),
        ("hr@other.example", "`hr@other.example`"),
        ("hr@good.example.evil.example", "`hr@good.example.evil.example`"),
        ("a%0abcc%3Ab@good.example", "`a%0abcc%3Ab@good.example`"),
        ("mailto:hr@good.example?bcc=a@b.example", "`mailto:hr@good.example?bcc=a@b.example`"),
        ("https://good.example/x", "`https://good.example/x`"),
        ("it went to t…@good.example", "it went to `t…@good.example`"),
    ],
)
def test_only_bare_mail_addresses_of_a_named_host_can_be_written_to(written: str, shown: str) -> None:
    assert safe_markdown(written, frozenset({"@good.example"})) == shown


def test_a_mail_address_that_was_masked_stays_in_one_piece() -> None:
    assert safe_markdown("gone to t…@mail.example; change it", frozenset()) == "gone to `t…@mail.example`; change it"


@given(st.text(alphabet="ab1-_@:/.。．｡ \t\n\u2003…x", max_size=40) | st.text(max_size=40))
def test_no_address_is_passed_over_by_the_quick_look(text: str) -> None:
    """Most lines hold no address: only those that may are read closely."""
    assert not safe_text._BARE.search(text) or safe_text._HINT.search(text)


def test_a_notification_of_an_endless_text_is_made_of_its_beginning() -> None:
    began = time.thread_time()
    notice = notice_of("See https://good.example/x for all. " * 20_000)
    assert time.thread_time() - began < 0.1
    assert notice.startswith("See https://good.example/x for all. See")
    assert notice.endswith("…")
