from gatebench.report.study_page.settings import differing_settings, shared_settings
from tests.gatebench.report.studies import outcome


def test_settings_are_shared_or_differ_with_their_cells() -> None:
    trials = [
        outcome(
            cell, seed, 0.5, settings={"cell.name": cell, "seed": str(seed), "model.hidden_size": size, "task.n": "1"}
        )
        for cell, size in (("lstm", "20"), ("gru", "24"), ("rnn", "24"))
        for seed in (0, 1)
    ]
    assert shared_settings(trials) == [("task.n", "1")]
    assert differing_settings(trials) == [("model.hidden_size", "20: lstm; 24: gru, rnn"), ("seed", "0, 1")]


def test_a_setting_that_some_trials_lack_differs_and_trials_without_settings_are_left_out() -> None:
    one, other = outcome("a", 0, 0.5, settings={"task.n": "1", "task.m": "2"}), outcome("b", 0, 0.5)
    third = outcome("c", 0, 0.5, settings={"task.m": "2"})
    assert differing_settings([one, other, third]) == [("task.n", "1: a; none: c")]
    assert shared_settings([one, other, third]) == [("task.m", "2")]
    assert shared_settings([other]) == differing_settings([other]) == []
