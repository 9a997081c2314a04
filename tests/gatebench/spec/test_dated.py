"""Dated names."""

import pickle

from gatebench.spec.dated import DatedName, X, following, now, previous
from gatebench.spec.expression import name, names


def test_a_dated_name_has_a_label_and_a_time() -> None:
    dated = [previous("c"), now("c"), following("c"), DatedName("c")]
    assert dated == ["c[t-1]", "c[t]", "c[t+1]", "c"]
    assert {n.label for n in dated} == {"c"}
    assert [n.is_previous for n in dated] == [True, False, False, False]
    assert [n.is_now for n in dated] == [False, True, False, False]
    assert [n.is_next for n in dated] == [False, False, True, False]
    assert [n.has_date for n in dated] == [True, True, True, False]
    assert now("d/R.i").next == "d/R.i[t+1]"
    assert X == "x[t]"


def test_it_is_its_text_wherever_text_is_expected() -> None:
    assert now("c") in {"c[t]"}
    assert repr(now("c")) == "'c[t]'"  # digests are made of it
    assert f"{now('c')}" == "c[t]"
    assert type(pickle.loads(pickle.dumps(now("c")))) is DatedName


def test_all_names_in_expressions_are_dated_names() -> None:
    assert all(type(read) is DatedName for read in names(name("c[t]") + name("x")))
