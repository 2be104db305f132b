"""Whom people mean when they do not give a name, and names that only look like a phrase."""

import pytest

from tools.builtin.whom import Whom, whom


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("me", Whom(None)),
        ("Mij", Whom(None)),
        ("my manager", Whom(None, manager=True)),
        ("m'n baas", Whom(None, manager=True)),
        ("mn manager", Whom(None, manager=True)),
        ("Mijn leidinggevende?", Whom(None, manager=True)),
        ("my line manager", Whom(None, manager=True)),
        ("the manager of Sanne de Wit", Whom("Sanne de Wit", manager=True)),
        ("leidinggevende van Tom", Whom("Tom", manager=True)),
        ("Tom's boss", Whom("Tom", manager=True)),
        ("Sannes leidinggevende", Whom("Sanne", manager=True)),
        ("Hans' teamleider", Whom("Hans", manager=True)),
        ("de manager van mij", Whom(None, manager=True)),
        ("Boris Baas", Whom("Boris Baas")),
        ("Frans de Chef", Whom("Frans de Chef")),
        ("İbrahim Öztürk", Whom("İbrahim Öztürk")),
        ("manager van İbrahim", Whom("i̇brahim", manager=True)),
        ("  E1001 ", Whom("E1001")),
        ("priya.raman@dhb.example", Whom("priya.raman@dhb.example")),
    ],
)
def test_the_words_mean(words: str, meant: Whom) -> None:
    assert whom(words) == meant


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("my manager's manager", Whom(None, manager=2)),
        ("manager of my manager", Whom(None, manager=2)),
        ("de leidinggevende van mijn leidinggevende", Whom(None, manager=2)),
        ("the manager of the manager of Sanne", Whom("Sanne", manager=2)),
    ],
)
def test_managers_of_managers_are_counted(words: str, meant: Whom) -> None:
    assert whom(words) == meant
