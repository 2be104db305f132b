"""Which models a process works with: the language model and the embedder of the settings.

Their connectors are named here and nowhere else; each is imported when it is chosen, and read at its first text.
"""

from __future__ import annotations

from agent.settings import AiSettings
from connectors.loopback import is_loopback
from core.chat import ChatModel
from core.ports import Embedder
from loket.settings import Settings
from loket.vectors.prepared import PreparedEmbedder, prepared_file


def embedder_of(settings: Settings, threads: int = 1) -> Embedder:
    """The embedder of the settings; its weights are read at the first text. More `threads` are for reading in."""
    if settings.embedding.is_set:
        from connectors.models.openai_embeddings import OpenAIEmbedder

        return OpenAIEmbedder(settings.embedding, settings.outside)
    from connectors.models.sentence_encoder import SentenceEncoder

    return PreparedEmbedder(SentenceEncoder(threads), prepared_file())


def model_of(settings: Settings) -> ChatModel | None:
    """The language model of the settings; None when the built-in model is to do everything."""
    if settings.llm.is_set and settings.ai.level != "extract":
        from connectors.models.openai import OpenAIModel

        return OpenAIModel(settings.llm, settings.outside)
    return None


def sight_of(settings: Settings) -> AiSettings:
    """What the model may see: one on this machine text as it is, any other with placeholders (DESIGN.md section 6)."""
    if is_loopback(settings.llm.base_url):
        return settings.ai.model_copy(update={"mask": False})
    return settings.ai
