"""A mistake in a manifest is found at the start, and the message says where it is and what to do."""

from pathlib import Path

import pytest

from core.errors import ConfigError
from tools.manifest import parse_manifest, read_manifest

GOOD = """version: 1
tools:
  weather:
    title: {en: Weather, nl: Weer}
    risk: read
    rate_limit: {times: 3, per: day}
    hosts: [weather.dhb.example]
    examples:
      en:
        - will it rain
        - weather today
        - storm?
      nl:
        - gaat het regenen
        - weer vandaag
        - storm?
"""


def test_a_good_manifest_is_read() -> None:
    entry = parse_manifest(GOOD, "weather.yaml").tools["weather"]
    assert entry.examples.nl == ("gaat het regenen", "weer vandaag", "storm?")
    assert (entry.rate_limit.times, entry.rate_limit.per) == (3, "day") if entry.rate_limit else False


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("risk: read", "rsik: read", r"weather.yaml, line 5, tool 'weather': rsik: this key is not known"),
        ("risk: read", "risk: harmless", r"line 5, tool 'weather': risk: 'harmless' is none of 'read', 'write'"),
        ("nl: Weer", "de: Wetter", r"line 4, tool 'weather': title.nl: this key is missing; add it"),
        ("times: 3", "times: many", r"line 6, tool 'weather': rate_limit.times"),
        ("per: day", "per: fortnight", r"line 6, tool 'weather': rate_limit.per"),
        ("[weather.dhb.example]", "[http://10.0.0.1/]", r"line 7, tool 'weather': hosts.0"),
        ("[weather.dhb.example]", "[localhost]", r"line 7, tool 'weather': hosts.0"),
        ("[weather.dhb.example]", "['*.example']", r"line 7, tool 'weather': hosts.0"),
        (
            "- storm?\n      nl",
            "- no\n      nl",
            r"line 12, tool 'weather': examples.en.2: .* put False between quotes",
        ),
        ("- weer vandaag", "- Gaat het regenen", r"line 8, tool 'weather': examples: .* nl examples repeat"),
        ("        - storm?\n      nl", "      nl", r"line 9, tool 'weather': examples.en: .* at least 3"),
        ("version: 1", "version: 2", r"line 1: version: 2 is none of 1"),
        ("version: 1\n", "", r"line 1: version: this key is missing"),
        ("    risk: read", "    risk: read\n    risk: write", r"line 6: 'risk' stands here twice"),
        ("  weather:", "  Weather-now:", r"line 3, tool 'Weather-now'"),
        ("risk: read", "bindings: {who: requester.salary}", r"line 5, tool 'weather': bindings.who"),
        ("risk: read", "enabled: 'no'", r"line 5, tool 'weather': enabled"),
        ("risk: read", "risk: [read", r"line \d+: this is not valid YAML"),
        ("risk: read", "mask: &m [place]\n    rule: *m", r"uses YAML aliases"),
        (GOOD, "", "is empty"),
        (GOOD, "- just\n- a list", "line 1: the file: "),
        (GOOD, "!!python/object/apply:os.system ['true']", "not valid YAML"),
    ],
)
def test_a_mistake_names_its_line_its_tool_and_the_fix(right: str, wrong: str, message: str) -> None:
    assert right in GOOD
    with pytest.raises(ConfigError, match=message):
        parse_manifest(GOOD.replace(right, wrong, 1), "weather.yaml")


def test_a_file_that_cannot_be_read_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone.yaml cannot be read"):
        read_manifest(tmp_path / "gone.yaml")
    odd = tmp_path / "odd.yaml"
    odd.write_bytes(b"title: caf\xe9")
    with pytest.raises(ConfigError, match=r"odd.yaml cannot be read: .* Save it as UTF-8"):
        read_manifest(odd)
