"""A real OpenLDAP for tests: a private slapd with TLS, password policy and dynamic lists.


    with running_openldap() as server:
        LdapDirectory(server.settings())
        server.signs_in("tom.bakker", secret)   # "ok", "must_change" or "no"

The blocks of LDIF of that page are applied as they stand there, so what the page promises is what is tested. Skips, and
says why, where slapd is not there and cannot be installed.
"""

from __future__ import annotations

import atexit
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

from tests.servers import apt
from tests.servers.certificates import Certificates
from tests.servers.chroma import free_port
from tests.servers.openldap_seed import READER_PASSWORD, RESETTER_PASSWORD, ROOT_PASSWORD, SUFFIX, data_ldif, ssha
from tests.servers.openldap_server import OpenLdapServer

PAGE = Path(__file__).parents[2] / "docs" / "connect-ldap.md"
SLAPD, SLAPADD, SLAPMODIFY = (Path("/usr/sbin") / name for name in ("slapd", "slapadd", "slapmodify"))
SCHEMAS = Path("/etc/ldap/schema")
PACKAGES = ("slapd", "ldap-utils")
INSTALL_SECONDS, START_SECONDS = 300, 20

CONFIG = """\
dn: cn=config
objectClass: olcGlobal
cn: config
olcTLSCACertificateFile: {ca}
olcTLSCertificateFile: {certificate}
olcTLSCertificateKeyFile: {key}
olcTLSVerifyClient: never
olcSecurity: simple_bind=1
olcLocalSSF: 128

dn: cn=module,cn=config
objectClass: olcModuleList
cn: module
olcModulePath: /usr/lib/ldap
olcModuleLoad: back_mdb
olcModuleLoad: ppolicy
olcModuleLoad: dynlist

dn: cn=schema,cn=config
objectClass: olcSchemaConfig
cn: schema

{schemas}
dn: olcDatabase={{-1}}frontend,cn=config
objectClass: olcDatabaseConfig
objectClass: olcFrontendConfig
olcDatabase: {{-1}}frontend
olcSizeLimit: size.soft=500 size.hard=500 size.pr=200 size.prtotal=500
olcPasswordHash: {{SSHA}}

dn: olcDatabase={{0}}config,cn=config
objectClass: olcDatabaseConfig
olcDatabase: {{0}}config
olcAccess: to * by * none

dn: olcDatabase={{1}}mdb,cn=config
objectClass: olcDatabaseConfig
objectClass: olcMdbConfig
olcDatabase: {{1}}mdb
olcDbDirectory: data
olcSuffix: {suffix}
olcRootDN: cn=root,{suffix}
olcRootPW: {root}
olcDbMaxSize: 268435456
olcDbNoSync: TRUE
olcAccess: to * by * none
"""

FIRST_RULE = """\
dn: olcDatabase={{1}}mdb,cn=config
changetype: modify
add: olcAccess
olcAccess: {{0}}{rule}
"""


@contextmanager
def running_openldap(more_people: int = 0, first_rule: str = "") -> Iterator[OpenLdapServer]:
    """A server with the sample staff and `more_people` generated ones; it and its folder are gone afterwards.

    `first_rule` is an access rule that comes before those of the page.
    """
    install()
    folder = Path(tempfile.mkdtemp(prefix="loket-openldap-"))
    try:
        shutil.copytree(_filled(more_people), folder, dirs_exist_ok=True)
        if first_rule:
            _run(folder, [SLAPMODIFY, "-n", "0"], FIRST_RULE.format(rule=first_rule))
        plain, secure = free_port(), free_port()
        process = _start(folder, plain, secure)
        try:
            server = OpenLdapServer(plain, secure, _certificates(), process)
            _wait(process, server, folder)
            yield server
        finally:
            process.terminate()
            process.wait(10)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@cache
def shared_openldap(more_people: int = 0) -> OpenLdapServer:
    """One for all tests of a process, ended with it. Whoever changes it puts it back."""
    stack = ExitStack()
    server = stack.enter_context(running_openldap(more_people))
    atexit.register(stack.close)
    return server


def install() -> None:
    """Put the packages there when they are missing. Raises `unittest.SkipTest` with the reason where that cannot be."""
    apt.install(PACKAGES, SLAPD.exists, "slapd")


def blocks() -> dict[str, str]:
    """The LDIF of the page by the word that each block begins with."""
    found = re.findall(r"```ldif\n# (\w+):.*?\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return dict(found)


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="loket-openldap-made-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def _certificates() -> Certificates:
    return Certificates(_folder() / "certificates")


@cache
def _filled(more_people: int) -> Path:
    """Configuration and data as they are copied for every server. Their paths are relative to where slapd runs."""
    folder = _folder() / f"with-{more_people}"
    page, issued = blocks(), _certificates().issue("localhost", "127.0.0.1")
    for part in ("", "config", "data"):
        (folder / part).mkdir(mode=0o700)
    names = ("core", "cosine", "inetorgperson", "dyngroup")
    config = CONFIG.format(
        ca=_certificates().ca_file,
        certificate=issued.certificate,
        key=issued.key,
        suffix=SUFFIX,
        root=ssha(ROOT_PASSWORD),
        schemas="".join(f"include: file://{SCHEMAS}/{name}.ldif\n\n" for name in names),
    )
    _run(folder, [SLAPADD, "-n", "0"], config)
    for name in ("schema", "indexes", "pieces", "overlays", "access", "seeing"):
        _run(folder, [SLAPMODIFY, "-n", "0"], page[name])
    first, second = (ssha(password) for password in (READER_PASSWORD, RESETTER_PASSWORD))
    accounts = page["accounts"].replace("{SSHA}put the hash here", first, 1).replace("{SSHA}put the hash here", second)
    entries = re.sub(r"^changetype: add\n", "", page["policy"] + "\n" + accounts, flags=re.MULTILINE)
    _run(folder, [SLAPADD, "-q", "-n", "1"], data_ldif(more_people, entries))
    return folder


def _run(folder: Path, command: list[str | Path], given: str) -> None:
    whole = [*command, "-F", "config"]
    done = subprocess.run(whole, input=given, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{Path(command[0]).name} failed: {done.stderr.strip()[-1500:]}")


def _start(folder: Path, plain: int, secure: int) -> subprocess.Popen[bytes]:
    addresses = f"ldap://127.0.0.1:{plain} ldaps://127.0.0.1:{secure}"
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [SLAPD, "-d", "0", "-F", "config", "-h", addresses],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
        )


def _wait(process: subprocess.Popen[bytes], server: OpenLdapServer, folder: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        if server.answers():
            return
        time.sleep(0.05)
    raise RuntimeError(f"slapd did not start: {(folder / 'log').read_text(errors='replace')[-1500:]}")
