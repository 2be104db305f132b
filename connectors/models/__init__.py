"""Language and embedding models; the Protocols are `core.chat.ChatModel` and `core.ports.Embedder`."""
