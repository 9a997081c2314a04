from dataclasses import replace

from gatebench.outcome import STOPPED_AFTER
from gatebench.report.arms import arms_of
from gatebench.report.search_notes import search_notes
from gatebench.study import Study
from tests.gatebench.report.studies import scored


def test_ordinary_trials_need_no_note() -> None:
    assert search_notes(arms_of(scored(lstm=0.8, gru=0.7)), Study("mine")) == []


def test_samplers_that_learn_and_stopped_trials_are_named() -> None:
    outcomes = scored(lstm=0.8, gru=0.7)
    facts = {STOPPED_AFTER: "3"}
    stopped = [replace(one, facts=facts) if one.cell == "gru" and one.seed < 2 else one for one in outcomes]
    learnt, early = search_notes(arms_of(stopped), Study("mine", samplers=("tpe",)))
    assert learnt.startswith("Drawn by tpe, which learns from the validation scores of earlier trials: ")
    assert early.startswith("Stopped early by search.stop: gru 2 of 8. ")
