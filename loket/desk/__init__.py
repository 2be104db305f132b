"""What a channel calls: messages, clicks, forms and files come in here, and are stored before the channel hears yes."""
