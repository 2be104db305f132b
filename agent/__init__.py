"""The conversation: one message in, one named outcome out. LangGraph is used in `agent/graph.py` and nowhere else."""
