from dataclasses import replace

from gatebench.report.study_page.completeness import counts_text, missing_parts, newest_outcomes
from gatebench.study import Study
from tests.gatebench.report.studies import outcome

STUDY = Study("mine", cell_digests={"lstm": "lstm-equations", "gru": "gru-equations"})


def test_a_trial_counts_once_and_a_result_counts_before_failures() -> None:
    done = outcome("lstm", 0, 0.5)
    failed, lost = replace(done, status="failed"), replace(done, status="lost")
    assert newest_outcomes([failed, done, lost]) == [done]
    assert newest_outcomes([failed, lost]) == [lost]
    assert counts_text([done, replace(failed, digest="other")]) == "2 trials: 1 finished, 1 failed"


def test_a_complete_study_has_no_missing_parts() -> None:
    trials = [outcome(cell, seed, 0.5) for cell in ("lstm", "gru") for seed in (0, 1)]
    assert missing_parts(STUDY, [*trials[:3], replace(trials[3], status="diverged")]) == []


def test_cells_without_trials_and_with_fewer_results_are_named() -> None:
    assert missing_parts(STUDY, [outcome("lstm", 0, 0.5)], running=2) == ["2 trials run now.", "No trial yet: gru."]
    sentences = missing_parts(replace(STUDY, cell_digests={}), [outcome("lstm", 0, 0.5)], running=2, planned=3)
    assert sentences == ["2 trials run now.", "1 trial of the commands below has not been run."]
    trials = [outcome("lstm", 0, 0.5), outcome("gru", 0, 0.5), outcome("lstm", 0, 0.5, task="other")]
    assert missing_parts(STUDY, trials) == ["Fewer results on other than other cells: gru 0 of 1."]
    named = replace(STUDY, arms={"small": {"model.hidden_size": "4"}}, cell_digests={"small": "digest of the arm"})
    assert missing_parts(named, trials[:1]) == []
