"""What an operator can set of insight: who may read what people asked, and how many must have asked it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class InsightSettings(BaseModel):
    """Who sees what of the questions that people asked."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    groups: frozenset[str] = frozenset({"admins"})
    """The groups whose members may read the wording of questions and the comments on replies."""

    people: int = Field(default=3, ge=1, le=50)
    """How many different people must have asked something before its wording is shown: with fewer, a question could
    be known as one colleague's."""

    closeness: float = Field(default=0.5, ge=0.1, le=0.99)
    """How alike in meaning (cosine of the embeddings) questions must be to count as one; depends on the embedder."""
