"""Language and embedding models outside our own code; the Protocols are `core.chat.ChatModel` and `core.ports.Embedder`."""
