"""The gate: proposal, rule, proof of identity, approval, execution. The model proposes; code and people decide."""
