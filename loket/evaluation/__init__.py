"""Evaluation: cases written by an admin, run through the real desk in a home that is thrown away, and what to learn.

`reading` makes cases of a YAML file, `running` asks them, `judging` compares, `report` counts and compares with an
earlier run, `history` keeps runs. `from_conversation` makes a case of a real conversation; `gaps` groups what people
asked in vain.
"""
