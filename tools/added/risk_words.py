"""What the words of a tool's name and description say about its risk.

They raise it, or let an admin say `read`; a tool whose words say nothing writes."""

from __future__ import annotations

import re
import unicodedata

from core.plain_text import visible
from core.risk import Risk, strictest

READS = frozenset(
    {"calculate", "check", "compare", "convert", "count", "describe", "download", "echo", "estimate", "export", "fetch"}
    | {"find", "get", "head", "help", "inspect", "list", "lookup", "look", "overview", "ping", "preview", "query"}
    | {"read", "report", "retrieve", "return", "returns", "search", "select", "show", "status", "summarise"}
    | {"summarize", "view", "whoami", "bekijk", "bereken", "geef", "haal", "lees", "lijst", "ophalen", "opvragen"}
    | {"overzicht", "raadpleeg", "tel", "toon", "vind", "zoek", "zoeken"}
)
"""A name that begins with one of these may be a tool that only reads."""
WRITES = frozenset(
    {"accept", "activate", "add", "adjust", "allocate", "append", "apply", "archive", "assign", "attach", "book", "buy"}
    | {"cancel", "change", "clear", "close", "commit", "complete", "confirm", "copy", "create", "decline", "deploy"}
    | {"do", "edit", "enqueue", "execute", "file", "import", "insert", "install", "invite", "invoke", "join", "launch"}
    | {"lock", "mark", "merge", "modify", "move", "notify", "open", "order", "patch", "pause", "perform", "post"}
    | {"provision", "publish", "purchase", "push", "put", "register", "reject", "release", "rename", "renew", "reopen"}
    | {"replace", "reply", "record", "request", "reschedule", "resend", "reserve", "restart", "resume", "run"}
    | {"save", "schedule", "send", "set", "share", "sign", "start", "stop", "store", "submit", "subscribe", "sync"}
    | {"toggle", "trigger", "unassign", "undo", "unlock", "unsubscribe", "update", "upload", "upsert", "write"}
    | {"aanmaken", "aanmelden", "aanpassen", "aanvragen", "annuleer", "annuleren", "bestel", "bestellen", "boek"}
    | {"boeken", "maak", "meld", "melden", "opslaan", "reserveer", "reserveren", "stuur", "sturen", "verleng"}
    | {"verlengen", "verplaats", "versturen", "verzenden", "verzet", "voeg", "wijzig", "wijzigen", "zet"}
)
DANGEROUS = frozenset(
    {"block", "deactivate", "decommission", "deprovision", "destroy", "disable", "dismiss", "drop", "enable", "erase"}
    | {"delete", "deletes", "evict", "exec", "fire", "forget", "grant", "impersonate", "kill", "overwrite", "pay"}
    | {"payment", "promote", "purge", "remove", "removes", "reset", "resets", "restore", "revoke", "revokes"}
    | {"shutdown", "suspend", "terminate", "transfer", "truncate", "unblock", "wipe", "approve", "authorise"}
    | {"authorize", "goedkeuren", "betaal", "betalen", "blokkeer", "ontsla", "verwijder", "verwijderen", "wis"}
)
DELICATE = frozenset(
    {"administrator", "admin", "credential", "credentials", "mfa", "passkey", "passkeys", "password", "passwords"}
    | {"privilege", "privileges", "role", "roles", "salaries", "salary", "secret", "secrets", "sudo", "token"}
    | {"tokens", "totp", "2fa", "bankrekening", "iban", "rechten", "salaris", "wachtwoord", "wachtwoorden"}
)
"""Things that change hands: whatever writes and names one of these is more than `write`."""

NOUNS_TOO = frozenset(
    {
        "book",
        "change",
        "clear",
        "complete",
        "copy",
        "file",
        "import",
        "invite",
        "lock",
        "mark",
        "move",
        "notify",
        "open",
    }
    | {"order", "patch", "post", "push", "put", "record", "register", "release", "reply", "request", "run", "schedule"}
    | {"set", "share", "sign", "start", "stop", "store", "submit", "sync", "trigger", "upload", "boek", "maak", "zet"}
)
"""Words of writing that may as well name the thing that is read: `get_order`, `list_open_requests`."""
JOINS = frozenset({"and", "en", "or", "of", "then", "dan"})

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[a-z0-9]+")


def words_of(text: str) -> tuple[str, ...]:
    """The words of a name or a text in order: `getLeaveBalance`, `get-leave_balance` are get, leave, balance."""
    plain = unicodedata.normalize("NFKD", _CAMEL.sub(" ", visible(text)))
    return tuple(_WORD.findall("".join(one for one in plain if not unicodedata.combining(one)).casefold()))


def sounds_like_reading(name: str, text: str = "") -> bool:
    """May an admin say that this only reads? The name begins with a word of reading and has none of writing, and no
    sentence of the text begins with a word of writing or has one that destroys."""
    of_name = words_of(name)
    deeds = WRITES | DANGEROUS if not JOINS.isdisjoint(of_name) else (WRITES - NOUNS_TOO) | DANGEROUS
    if not of_name or of_name[0] not in READS or not deeds.isdisjoint(of_name[1:]):
        return False
    sentences = [words_of(sentence) for sentence in re.split(r"[.;:!?\n]|\band\b|\ben\b", text)]
    firsts = {_stem(sentence[0]) for sentence in sentences if sentence}
    everything = {word for sentence in sentences for word in sentence}
    return firsts.isdisjoint(WRITES | DANGEROUS) and everything.isdisjoint(DANGEROUS)


def suggested_risk(name: str, text: str = "") -> Risk:
    """The least risk that the words allow: `read` where they sound like reading, `sensitive` where they destroy, pay,
    or change what gives power, else `write`. Text of an outsider can raise it, and never lower it below its name's."""
    if sounds_like_reading(name, text):
        return Risk.READ
    said = {*words_of(name), *words_of(text)}
    return Risk.SENSITIVE if not said.isdisjoint(DANGEROUS | DELICATE) else Risk.WRITE


def proposed_risk(name: str, text: str = "") -> Risk:
    """What is proposed for a source that does not say reliably whether it changes anything: at least `write`."""
    return strictest(Risk.WRITE, suggested_risk(name, text))


def _stem(word: str) -> str:
    """`creates`, `created` and `creating` as `create`, as far as endings tell."""
    for ending in ("ing", "ed", "es", "s", "d"):
        for rest in ("", "e"):
            if word.endswith(ending) and word.removesuffix(ending) + rest in WRITES | DANGEROUS:
                return word.removesuffix(ending) + rest
    return word
