"""What an operator can set of mail and text messages."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from connectors.loopback import is_loopback
from connectors.notify.addresses import MAILBOX, SENDER_NAME
from connectors.notify.template import Template
from connectors.settings import Key, OptionalPath, ServerUrl
from core.plain_text import one_line

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")
_NOT_OURS = frozenset({"host", "content-type", "content-length", "transfer-encoding", "connection", "accept-encoding"})
_ID_PATH = re.compile(r"[A-Za-z0-9_-]{1,60}(\.[A-Za-z0-9_-]{1,60}){0,9}")


def _is_host(host: str) -> str:
    if host and not _HOST.fullmatch(host):
        raise ValueError("write the name of the server alone, such as smtp.dhb.example; the port has its own setting")
    return host


def _is_mailbox(address: str) -> str:
    if address and not MAILBOX.fullmatch(address):
        raise ValueError("write one bare address, such as loket@dhb.example")
    return address


def _is_one_line(text: str) -> str:
    if text != one_line(text):
        raise ValueError("this is one line, without invisible characters or spaces around it")
    return text


def _has_no_break(secret: SecretStr) -> SecretStr:
    if any(letter in "\r\n\0" for letter in secret.get_secret_value()):
        raise ValueError("a password is one line; copy it again")
    return secret


def _is_header(name: str) -> str:
    if name and (not _HEADER.fullmatch(name) or name.lower() in _NOT_OURS):
        raise ValueError("this is no name of a header that can be set")
    return name


OneLine = Annotated[str, AfterValidator(_is_one_line)]
Header = Annotated[str, AfterValidator(_is_header)]


class SmtpSettings(BaseModel):
    """The mail server: for messages to work mail and to private mail. See docs/connect-mail-and-sms.md."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, hide_input_in_errors=True)

    host: Annotated[str, AfterValidator(_is_host)] = ""
    """Name of the mail server as it stands in its certificate, such as `smtp.dhb.example`. Empty: no mail is sent."""

    port: int = Field(default=587, ge=1, le=65_535)
    """Port of the mail server: 587 with `starttls`, 465 with `implicit`."""

    tls: Literal["starttls", "implicit"] = "starttls"
    """How the connection is encrypted: by the command STARTTLS, or from its first byte. It is never in clear."""

    user: Annotated[str, AfterValidator(_is_one_line)] = Field(default="", max_length=320)
    """Account at the mail server. Empty: the server knows this machine and asks for none."""

    password: Annotated[SecretStr, AfterValidator(_has_no_break)] = SecretStr("")
    """Password of that account."""

    sender: Annotated[str, AfterValidator(_is_mailbox)] = ""
    """Address that mail comes from, such as `loket@dhb.example`; bounces go there."""

    work_name: OneLine = Field(default="Loket", max_length=80)
    """Name that stands before the address in mail to work mailboxes."""

    private_name: OneLine = Field(default="", max_length=80)
    """The same in mail to private mailboxes, where the organisation's name helps. Empty: `work_name`."""

    ca_file: OptionalPath = None
    """A PEM file with the authorities that may sign the server's certificate. Empty: LOKET_OUTSIDE_CA_FILE, or else the
    usual ones."""

    step_seconds: float = Field(default=5, gt=0, le=60)
    """How long the server may take for one answer, in seconds."""

    total_seconds: float = Field(default=20, gt=0, le=25)
    """How long one message may take in all, in seconds. What is delivered gets 30."""

    @property
    def is_set(self) -> bool:
        """Whether mail can be sent."""
        return bool(self.host)

    @model_validator(mode="after")
    def _is_complete(self) -> SmtpSettings:
        if self.host and not self.sender:
            raise ValueError("set LOKET_SMTP_SENDER too: mail needs an address that it comes from")
        if bool(self.user) != bool(self.password.get_secret_value()):
            raise ValueError("set both LOKET_SMTP_USER and LOKET_SMTP_PASSWORD, or neither")
        return self


class SmsSettings(BaseModel):
    """The gateway for text messages: any that takes one POST a message. See docs/connect-mail-and-sms.md."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, hide_input_in_errors=True)

    url: ServerUrl = ""
    """Address that takes a message, such as `https://sms.example.org/v1/messages`. Empty: no text message is sent."""

    auth: Literal["bearer", "basic", "header"] = "bearer"
    """How the key is shown: as a bearer token, as the password of `user`, or in the header `auth_header`."""

    key: Key = None
    """Key or password of the gateway."""

    user: OneLine = Field(default="", max_length=200)
    """The user, where `auth` is `basic`."""

    auth_header: Header = ""
    """The header that carries the key, where `auth` is `header`, such as `X-Api-Key`."""

    body: Literal["json", "form"] = "json"
    """How the message is written: as JSON, or as a form."""

    template: str = Field(default='{"to": "{to}", "from": "{sender}", "text": "{text}"}', max_length=4_000)
    """The message as a JSON object with `{to}`, `{to_digits}`, `{sender}`, `{text}` and `{key}` where values go. For
    a form: one level of texts."""

    sender: str = Field(default="", max_length=16)
    """Who a message is from: up to 11 letters and digits, or a number such as `+31201234567`. Empty: the gateway's."""

    key_header: Header = ""
    """The header in which the gateway takes an idempotency key, such as `Idempotency-Key`. Empty: it takes none."""

    success: str = Field(default="200 201 202", max_length=60)
    """The status codes that mean that the gateway has taken the message, with spaces between."""

    id_path: str = Field(default="", max_length=200)
    """Where in the JSON answer the message's number is, such as `messages.0.id`: an answer without it is no success.
    Empty: the status code says enough."""

    max_segments: int = Field(default=6, ge=1, le=10)
    """The most parts that one message may be sent in; a longer one is refused."""

    read_seconds: float = Field(default=5, gt=0, le=10)
    """How long the gateway may take for its answer, in seconds."""

    @property
    def is_set(self) -> bool:
        """Whether text messages can be sent."""
        return bool(self.url)

    @property
    def accepted(self) -> frozenset[int]:
        """The status codes that mean success."""
        return frozenset(int(code) for code in self.success.split())

    @model_validator(mode="after")
    def _is_complete(self) -> SmsSettings:
        if problems := [*self._of_the_address(), *self._of_the_message()]:
            raise ValueError("; ".join(problems))
        return self

    def _of_the_address(self) -> list[str]:
        problems = []
        if self.url.startswith("http://") and not is_loopback(self.url):
            problems.append("LOKET_SMS_URL must start with https://: codes may not cross a network in clear")
        if self.url and self.key is None:
            problems.append("set LOKET_SMS_KEY too: a gateway that asks for no key sends for anybody")
        if self.auth == "basic" and not self.user:
            problems.append("LOKET_SMS_AUTH=basic needs LOKET_SMS_USER")
        if self.auth == "header" and not self.auth_header:
            problems.append("LOKET_SMS_AUTH=header needs LOKET_SMS_AUTH_HEADER")
        return problems

    def _of_the_message(self) -> list[str]:
        problems = []
        if self.sender and not SENDER_NAME.fullmatch(self.sender):
            problems.append("LOKET_SMS_SENDER is up to 11 letters and digits, or a number such as +31201234567")
        if not re.fullmatch(r"2\d\d( +2\d\d)*", self.success):
            problems.append("LOKET_SMS_SUCCESS holds status codes from 200 to 299, such as 200 202")
        if self.id_path and not _ID_PATH.fullmatch(self.id_path):
            problems.append("LOKET_SMS_ID_PATH is names and numbers with dots between, such as messages.0.id")
        problems += Template.problems(self.template, flat=self.body == "form", sender=bool(self.sender))
        return problems
