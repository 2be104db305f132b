"""compose.yaml, the Dockerfile and what they copy: who holds which secret, who reaches what, and that all of it exists.

There is no container engine here: these tests read the files. docs/operate.md says what was not tried.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from actions.keys import FILES, ROLE_RINGS
from core.errors import ConfigError
from loket.provision import make_secrets
from loket.service.least_privilege import SECRET_SETTINGS, SIGNING_KEY
from loket.service.roles import DUTIES, Role
from loket.settings import PREFIX, known_names
from tests.servers.chroma import answering, free_port

ROOT = Path(__file__).parents[2]
COMPOSE = cast("dict[str, Any]", yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8")))
SERVICES = cast("dict[str, dict[str, Any]]", COMPOSE["services"])
OURS = ("web", "agent", "executor", "migrate", "ingest")
ROLES = ("web", "agent", "executor")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-build.lock")


def secrets_of(service: str) -> dict[str, str]:
    """The secret to where it is in the container."""
    found = {}
    for entry in SERVICES[service].get("secrets", ()):
        source, target = (entry, entry) if isinstance(entry, str) else (entry["source"], entry["target"])
        found[source] = target if target.startswith("/") else f"/run/secrets/{target}"
    return found


def holders(secret: str) -> set[str]:
    """The services that are given a secret."""
    return {name for name in SERVICES if secret in secrets_of(name)}


# --- settings ----------------------------------------------------------------------------------------------------


def test_every_setting_and_secret_that_a_service_is_given_is_one_that_exists() -> None:
    known = set(known_names())
    for name in OURS:
        files = [Path(target).name for target in secrets_of(name).values() if target.startswith("/run/secrets/")]
        given = {*SERVICES[name].get("environment", {}), *files}
        assert {one for one in given if one.startswith(PREFIX)} <= known, name
        assert all(one.startswith(PREFIX) for one in given), name
    assert {word for word in re.findall(r"LOKET_[A-Z_]+(?==)", DOCKERFILE)} <= known


def test_each_role_is_started_as_that_role() -> None:
    for name in ROLES:
        assert SERVICES[name]["command"] == ["serve", "--role", name]
        assert Role(name) in DUTIES


# --- secrets -----------------------------------------------------------------------------------------------------


def test_each_database_account_is_held_by_its_own_service_alone() -> None:
    for role in ("web", "agent", "executor", "ingest"):
        assert holders(f"database_url_{role}") == {role}
    assert holders("database_url_owner") == {"migrate"}
    assert holders("postgres_password") == holders("accounts.sql") == {"postgres"}


def test_each_role_holds_the_keys_of_its_duties_and_no_other() -> None:
    everyone = {*FILES.values(), SIGNING_KEY}
    for role in ROLES:
        allowed = {FILES[ring] for ring in ROLE_RINGS[role]} | ({SIGNING_KEY} if DUTIES[Role(role)].sweeps else set())
        assert everyone & secrets_of(role).keys() == allowed, role
        for key in allowed:
            assert secrets_of(role)[key] == f"{SERVICES[role]['environment']['LOKET_KEYS_FOLDER']}/{key}"
    for other in SERVICES.keys() - set(ROLES):
        assert not everyone & secrets_of(other).keys(), other


def test_no_role_holds_a_credential_that_it_would_refuse_to_start_with() -> None:
    for path, allowed in SECRET_SETTINGS.items():
        name = PREFIX + path.replace(".", "_").upper()
        given = {one for one in ROLES if f"/run/secrets/{name}" in secrets_of(one).values()}
        given |= {one for one in ROLES if name in SERVICES[one].get("environment", {})}
        assert given <= {role.value for role in allowed}, name


def test_the_agent_holds_nothing_that_changes_an_account_or_speaks_for_a_channel() -> None:
    assert set(secrets_of("agent")) == {"database_url_agent", "chroma_token", "llm_key", "confirmations.json"}
    assert holders("events_keys") == {"web"}
    assert holders("slack-tokens.key") == {"web"}
    assert holders("envelopes.json") == holders("audit-signing.pem") == {"executor"}
    assert holders("llm_key") == {"agent"}


def test_no_secret_stands_in_the_file_itself() -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    assert not re.search(r"(?i)(password|token|key|secret)\s*[:=]\s*[A-Za-z0-9_-]{16,}", text.replace("LOKET_", ""))
    for name, service in SERVICES.items():
        for setting in service.get("environment", {}):
            assert not re.search(r"(?i)(password|token|key|secret)$", setting), f"{name}: {setting}"


def test_every_secret_is_declared_used_and_made_by_loket_secrets(tmp_path: Path) -> None:
    used = {secret for name in SERVICES for secret in secrets_of(name)}
    assert used == set(COMPOSE["secrets"])
    assert set(make_secrets(tmp_path / "secrets")) == used
    assert make_secrets(tmp_path / "secrets") == []
    for file in (tmp_path / "secrets").iterdir():
        assert file.stat().st_mode & 0o077 == 0, file.name
    (tmp_path / "secrets" / "accounts.sql").unlink()
    with pytest.raises(ConfigError, match="some of the database's passwords"):
        make_secrets(tmp_path / "secrets")


def test_secrets_never_get_into_the_image_or_the_repository() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert next(line for line in ignored if not line.startswith("#")) == "*", "everything stays out but what is named"
    assert "secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


# --- networks and limits -----------------------------------------------------------------------------------------


def test_who_reaches_what() -> None:
    def on(network: str) -> set[str]:
        return {name for name, service in SERVICES.items() if network in service.get("networks", ())}

    assert on("chroma") == {"chroma", "chroma-proxy"}
    assert on("policies") == {"chroma-proxy", "agent", "executor", "ingest"}
    assert on("models") == {"agent"}
    assert on("systems") == {"executor"}
    assert on("front") == {"web"}
    assert on("database") == {*OURS, "postgres"}
    for name in ("database", "policies", "chroma"):
        assert COMPOSE["networks"][name]["internal"] is True
    assert all(SERVICES[name].get("networks") for name in SERVICES)


def test_only_the_web_has_a_port_outside_and_only_on_this_machine_by_default() -> None:
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"web"}
    assert SERVICES["web"]["ports"] == ["${LOKET_PUBLISH:-127.0.0.1:8080}:8080"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_small_and_bounded(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service.get("user", "root").split(":")[0] not in ("root", "0")
    assert service["restart"] == ("no" if name in ("migrate", "ingest") else "unless-stopped")
    if name != "migrate":
        assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}
    if name in ROLES:
        assert service["stop_grace_period"] == "40s"
    assert service["logging"]["options"]["max-size"]


def test_the_agent_runs_twice_and_shares_no_home() -> None:
    assert SERVICES["agent"]["deploy"]["replicas"] == 2
    assert not [volume for volume in SERVICES["agent"]["volumes"] if volume.endswith(":/data")]
    assert any(mount.startswith("/data:") for mount in SERVICES["agent"]["tmpfs"])


def test_nobody_starts_before_the_tables_and_rights_are_there() -> None:
    for name in (*ROLES, "ingest"):
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert "loket migrate && loket grants" in SERVICES["migrate"]["command"]


# --- images ------------------------------------------------------------------------------------------------------


def test_images_are_pinned_by_version() -> None:
    default = re.search(r"ARG PYTHON_IMAGE=(\S+)", DOCKERFILE)
    images = [service["image"] for service in SERVICES.values()] + [default.group(1) if default else ""]
    for image in images:
        tag = image.rpartition(":")[2]
        assert re.search(r"\d+\.\d+", tag), image
        assert "latest" not in tag
    assert all(line.split()[1] == "${PYTHON_IMAGE}" for line in DOCKERFILE.splitlines() if line.startswith("FROM"))


def test_everything_that_the_image_copies_exists_and_is_let_through() -> None:
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = set()
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE):
        *sources, _target = line.split()
        copied |= set(sources)
    assert all((ROOT / source).exists() for source in copied)
    assert copied == let_through
    packages = re.findall(r'"([a-z_]+)\*"', (ROOT / "pyproject.toml").read_text())
    assert set(packages) <= copied, "a package that is not in the image"


def test_the_image_runs_as_nobody_special_and_says_when_it_is_ready() -> None:
    assert re.search(r"^USER 10001:10001$", DOCKERFILE, re.MULTILINE)
    assert "/health/ready" in DOCKERFILE.split("HEALTHCHECK")[1]
    assert "loket.prepare" in DOCKERFILE
    assert DOCKERFILE.count("--require-hashes --no-deps") == 2
    assert "requirements-dev" not in DOCKERFILE


def test_the_lock_files_hold_hashes_and_the_runtime_has_no_tool_of_the_developers() -> None:
    packages = {name: dict(_locked(ROOT / name)) for name in LOCKS}
    runtime, dev = packages["requirements.lock"], packages["requirements-dev.lock"]
    assert runtime.items() <= dev.items(), "the service is tested with the versions that it runs with"
    for tool in ("pytest", "ruff", "mypy", "hypothesis", "setuptools"):
        assert tool in dev
        assert tool not in runtime
    for name in LOCKS:
        text = (ROOT / name).read_text()
        assert "://" not in re.sub(r"#.*", "", text), "no address of an index"
        assert text.count("--hash=sha256:") > len(packages[name])


def _locked(file: Path) -> Iterator[tuple[str, str]]:
    for line in file.read_text().splitlines():
        if found := re.match(r"([A-Za-z0-9._-]+)==(\S+)", line):
            yield found.group(1).lower(), found.group(2)


# --- the token proxy ---------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_proxy_lets_only_the_token_through(tmp_path: Path) -> None:
    """The real nginx with the file of deploy/, where it is installed."""
    nginx = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if nginx is None:
        pytest.skip("no nginx on this machine: `apt-get install nginx-light` brings one")
    make_secrets(tmp_path / "secrets")
    token = (tmp_path / "secrets" / "chroma_token").read_text()
    seen: list[str | None] = []

    def handle(request: Any) -> None:
        seen.append(request.headers.get("Authorization"))
        request.send_response(200)
        request.send_header("Content-Length", "2")
        request.end_headers()
        request.wfile.write(b"ok")

    port = free_port()
    with answering(handle) as inner:
        text = (ROOT / "deploy" / "chroma-proxy.conf").read_text()
        text = text.replace("chroma:8000", inner.removeprefix("http://")).replace("listen 8000", f"listen {port}")
        text = text.replace("/tmp/", f"{tmp_path}/").replace("/run/secrets", str(tmp_path / "secrets"))
        (tmp_path / "nginx.conf").write_text(text)
        user = " user root;" if os.geteuid() == 0 else ""
        process = subprocess.Popen([nginx, "-c", str(tmp_path / "nginx.conf"), "-g", f"daemon off;{user}"])
        try:
            assert _status(port, token, wait=True) == 200
            assert [_status(port, wrong) for wrong in ("", "wrong", token[:-1], f"{token}x")] == [401] * 4
            assert _status(port, token, scheme="bearer") == 401
        finally:
            process.terminate()
            process.wait(10)
    assert set(seen) == {None}, "the token ends at the proxy"


def _status(port: int, token: str, scheme: str = "Bearer", *, wait: bool = False) -> int:
    headers = {"Authorization": f"{scheme} {token}"} if token else {}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/v2/x", headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(100 if wait else 1):
        try:
            with opener.open(request, timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            time.sleep(0.05)
    return 0
