"""The choice of a backend: the named one, or for "auto" the first that does not refuse."""

from types import SimpleNamespace

import pytest

from gatebench import load_cell
from gatebench.backends import registry
from gatebench.backends.contract import Workload
from gatebench.backends.registry import BACKENDS, choose, find
from gatebench.errors import Refusal, UserError

WORK = Workload(5, 3, 4, 2)


def test_auto_takes_the_first_that_does_not_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    fakes = {
        "fast": SimpleNamespace(NAME="fast", refuses=lambda cell, work: "fast cannot trace." if work.trace else None),
        "slow": SimpleNamespace(NAME="slow", refuses=lambda cell, work: None),
    }
    monkeypatch.setattr(registry, "BACKENDS", fakes)
    assert choose("auto", load_cell("lstm"), WORK).NAME == "fast"
    assert choose("auto", load_cell("lstm"), Workload(5, 3, 4, 2, trace=True)).NAME == "slow"
    assert choose("slow", load_cell("lstm"), WORK).NAME == "slow"
    with pytest.raises(Refusal, match="fast cannot trace"):
        choose("fast", load_cell("lstm"), Workload(5, 3, 4, 2, trace=True))


def test_the_reference_comes_last_and_refuses_nothing() -> None:
    assert list(BACKENDS)[-1] == "reference"
    assert BACKENDS["reference"].refuses(load_cell("slstm"), Workload(0, 0, 1, 1, "float16", trace=True)) is None


def test_a_named_backend_runs_or_refuses() -> None:
    assert choose("native", load_cell("lstm"), WORK).NAME == "native"
    with pytest.raises(Refusal, match="lstm_cifg has other equations"):
        choose("native", load_cell("lstm_cifg"), WORK)


def test_an_unknown_backend_is_refused_with_the_nearest_name() -> None:
    assert [find(name).NAME for name in BACKENDS] == list(BACKENDS)
    with pytest.raises(UserError, match="There is no backend 'nativ'; did you mean 'native'"):
        choose("nativ", load_cell("lstm"), WORK)
