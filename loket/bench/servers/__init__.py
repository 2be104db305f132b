"""What a measurement runs against: a private Postgres, and a stand-in for a language model."""
