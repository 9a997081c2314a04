"""Facts in which compared trials differ."""

from dataclasses import replace

from gatebench.report.arms import arms_of
from gatebench.report.mixed_facts import mixed_facts
from tests.gatebench.report.studies import changed, scored

USUAL = {"backend": "fused", "device": "cpu", "version/torch": "2.8.0", "data/x.csv": "0123456789abcdef", "host": "a"}


def test_equal_facts_and_facts_that_do_not_matter_are_not_named() -> None:
    outcomes = [replace(one, facts={**USUAL, "host": str(one.seed)}) for one in scored(lstm=0.8, gru=0.7)]
    assert mixed_facts(arms_of(outcomes)) == {}
    assert mixed_facts(arms_of(scored(lstm=0.8, gru=0.7))) == {}


def test_arms_that_differ_from_most_trials_are_named_with_the_values() -> None:
    outcomes = changed(scored(lstm=0.8, gru=0.7, rnn=0.5), facts=USUAL)
    others = {
        "gru": {"backend": "reference", "data/x.csv": "fedcba9876543210"},
        "rnn": {"version/torch": "2.9.0", "device": "cuda"},
    }
    outcomes = [
        replace(one, facts=USUAL | others[one.cell]) if one.cell in others and one.seed > 5 else one for one in outcomes
    ]
    assert mixed_facts(arms_of(outcomes)) == {
        "gru": "backend fused and reference (most trials: fused); "
        "data x.csv 01234567 and fedcba98 (most trials: 01234567)",
        "rnn": "device cpu and cuda (most trials: cpu); torch 2.8.0 and 2.9.0 (most trials: 2.8.0)",
    }


def test_trials_without_a_result_do_not_count() -> None:
    outcomes = changed(scored(lstm=0.8), facts=USUAL)
    outcomes[0] = replace(outcomes[0], status="failed", facts={"backend": "reference"})
    assert mixed_facts(arms_of(outcomes)) == {}
