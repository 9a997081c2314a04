"""The import of Optuna: it is quiet, and its absence is one sentence."""

import sys

import pytest

from gatebench.errors import UserError
from gatebench.search.optuna_import import check_optuna


def test_optuna_reports_only_warnings() -> None:
    import optuna

    check_optuna("a test")
    assert optuna.logging.get_verbosity() == optuna.logging.WARNING


def test_its_absence_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(UserError, match=r"search\.sampler=tpe needs Optuna.*'gatebench\[search\]' installs it\.$"):
        check_optuna("search.sampler=tpe")
