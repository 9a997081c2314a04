"""Which backend runs: the one that was asked for, or for "auto" the first that does not refuse."""

import pytest

from gatebench import load_cell
from gatebench.backends import BACKENDS, Workload, choose, find
from gatebench.errors import Refusal, UserError

WORK = Workload(5, 3, 4, 2)


def test_auto_takes_the_fastest_that_does_not_refuse() -> None:
    assert choose("auto", load_cell("lstm"), WORK).NAME == "native"
    assert choose("auto", load_cell("lstm_cifg"), WORK).NAME == "reference"
    assert choose("auto", load_cell("lstm"), Workload(5, 3, 4, 2, trace=True)).NAME == "reference"


def test_a_named_backend_runs_or_refuses() -> None:
    assert choose("reference", load_cell("lstm"), WORK).NAME == "reference"
    with pytest.raises(Refusal, match="lstm_cifg has other equations"):
        choose("native", load_cell("lstm_cifg"), WORK)


def test_an_unknown_backend_is_a_mistake() -> None:
    assert [find(name).NAME for name in BACKENDS] == list(BACKENDS)
    with pytest.raises(UserError, match="There is no backend 'nativ'; did you mean 'native'"):
        choose("nativ", load_cell("lstm"), WORK)
