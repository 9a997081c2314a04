import sys
from dataclasses import replace

import pytest

from gatebench.outcome import Outcome
from gatebench.report.figures.kinds.importance import FEWEST, shares, short_names
from gatebench.report.figures.task_trials import NothingToDrawError
from tests.gatebench.report.figures.drawn_trials import drawn, outcome, task_trials

SEARCH = {"training.learning_rate": "interval(0, 1)", "model.hidden_size": "int(interval(1, 99))"}


def trial(cell: str, seed: int) -> Outcome:
    settings = {"training.learning_rate": str(seed * 7 % 12 / 12), "model.hidden_size": str(1 + seed)}
    return replace(outcome(cell, seed), settings=settings)


def test_each_cell_with_enough_trials_has_a_bar() -> None:
    outcomes = [trial("a", seed) for seed in range(FEWEST)] + [trial("b", seed) for seed in range(FEWEST - 1)]
    trials = task_trials(outcomes, search=SEARCH)
    found = shares(trials)
    assert found.keys() == {"a"}
    assert found["a"]["model.hidden_size"] > found["a"]["training.learning_rate"]  # the score rises with the seed
    texts = drawn("importance", trials)
    assert {"a", "learning rate", "hidden size", "interactions"} <= set(texts)
    assert "b" not in texts
    assert any("fewer than 10 trials or equal scores: 1 cell" in " ".join(text.split()) for text in texts)


def test_two_settings_with_the_same_end_have_their_whole_names() -> None:
    keys = ["cell.ablate.i.fix", "cell.ablate.f.fix", "model.hidden_size"]
    assert list(short_names(keys).values()) == ["cell.ablate.i.fix", "cell.ablate.f.fix", "hidden size"]


def test_without_a_search_enough_trials_or_optuna_there_is_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    few = [trial("a", seed) for seed in range(FEWEST - 1)]
    with pytest.raises(NothingToDrawError, match="The study of digits has no settings that a search has drawn"):
        drawn("importance", task_trials(few))
    with pytest.raises(NothingToDrawError, match="at least 10 finished trials of its cell"):
        drawn("importance", task_trials(few, search=SEARCH))
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(NothingToDrawError, match="kind=importance needs Optuna"):
        drawn("importance", task_trials([*few, trial("a", 20)], search=SEARCH))
