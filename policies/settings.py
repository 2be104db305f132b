"""What an organisation can set about its policies."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr


def _checked_address(value: str) -> str:
    address = urlsplit(value)
    if value and (address.scheme not in ("http", "https") or not address.hostname or address.path.strip("/")):
        raise ValueError("must look like http://host:port, without a path")
    if address.username or address.password:
        raise ValueError("must hold no password: the token has a setting of its own")
    return value.rstrip("/")


ServerAddress = Annotated[str, AfterValidator(_checked_address)]


class PolicySettings(BaseModel):
    """The settings of this package; `loket.settings` fills them from the environment."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    default_language: str = "en"
    """Language of a document that names none and is too short to tell (two-letter code)."""

    default_owner: str = ""
    """Owner of a document that names none: the team that people are sent to. Empty: the desk itself."""

    default_contact: str = ""
    """Contact address of a document that names none."""

    default_audience: list[str] = Field(default=["all-staff"], min_length=1)
    """Groups that may read a document that names no audience."""

    max_document_mb: float = Field(default=50, gt=0, le=2_000)
    """Larger files are refused before they are read (megabytes)."""

    max_document_words: int = Field(default=500_000, ge=1_000)
    """Documents with more words than this are refused: nobody reads them, and indexing one takes an hour."""

    convert_seconds: float = Field(default=60, gt=0, le=3_600)
    """How long turning one PDF, DOCX, XLSX or HTML file into text may take."""

    convert_memory_mb: int = Field(default=2_000, ge=200)
    """Memory that turning one file into text may use; stops files that unpack into far more than they show."""

    gist_words: int = Field(default=60, ge=10, le=400)
    """Words of a section that its own vector is made of, after the title and headings. Changing it rebuilds the
    index. 60 was as good as whole sections at half the cost (docs/quality.md)."""

    max_passage_chars: int = Field(default=6_000, ge=500)
    """A section longer than this is returned as its part around the hit."""

    lexical_weight: float = Field(default=1.0, ge=0, le=5)
    """Weight of matching words beside the two vector similarities, each at most 1."""

    situation_weight: float = Field(default=0.4, ge=0, le=5)
    """Weight of the handbook's words for the everyday situation a question sounds like. 0: by its own words only."""

    authority_margin: float = Field(default=0.01, ge=0, le=0.5)
    """What each step down from regulation to policy, guidance and runbook costs a section, as a part of its score."""

    recency_margin: float = Field(default=0.01, ge=0, le=0.5)
    """What a text in force since today gains over one without a date, as a part of its score; half after two years."""

    not_in_force_factor: float = Field(default=0.8, gt=0, le=1)
    """Superseded and upcoming text competes with this part of its score, and is listed below current text."""

    candidates: int = Field(default=100, ge=20, le=1_000)
    """How many hits the word index is asked for before they are joined; twice as many gists, four times as many
    sentences."""

    chroma_url: ServerAddress = ""
    """Address of a Chroma server, such as `http://127.0.0.1:8000`, for several processes: all of them, on any machine,
    ask the same one, and each keeps its own word index in its home. Empty: Chroma inside this process."""

    chroma_token: SecretStr = SecretStr("")
    """Sent to the Chroma server as a bearer token. Chroma checks none: the proxy before it does (docs/operate.md)."""

    chroma_ca_file: str = ""
    """A PEM file with the certificate authority of the Chroma server's proxy. Empty: the usual ones."""

    chroma_seconds: float = Field(default=5, gt=0, le=60)
    """How long one question to the Chroma server may take; then the person hears that nothing can be looked up."""

    search_seconds: float = Field(default=20, gt=0, le=120)
    """How long a whole search may take, the first one of a process included, which waits for its word index."""
