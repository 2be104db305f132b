"""What waits in the outbox leaves, and answers are shown in their channel while they are being written."""
