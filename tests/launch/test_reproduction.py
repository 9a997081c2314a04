"""A command that the report prints gives the same trials when the command line reads it again."""

import shlex
from collections.abc import Sequence

import pytest

import launch.reproduction as module
from gatebench.outcome import Outcome
from gatebench.study import Study
from launch.config.compose import expand
from launch.config.past_trials import PastTrials
from launch.reproduction import reproduction

CASES = {
    "a grid": ["cell=lstm,gru", "seed=range(0,3)", "model.hidden_size=4,8", "training.learning_rate=0.01"],
    "cells with ablations": ["cell=lstm", "cell.ablate.i.fix=1,0.5", "model.num_layers=2"],
    "other sizes for each cell": ["arms.a=[cell=lstm,model.hidden_size=4]", "arms.b=[cell=gru,model.hidden_size=5]"],
    "architectures": ["cell=lstm,attention,tcn", "seed=0,1"],
    "an option": ["cell=attention", "cell.options.heads=4"],
    "a text with signs": ["cell=lstm", "cell.ablate.f.tie='1 - i'", "seed=4"],
}


def trials_of(overrides: Sequence[str]) -> list[Outcome]:
    return [Outcome.of(trial, "finished") for trial in expand(overrides).trials]


@pytest.mark.parametrize("case", CASES)
def test_the_commands_give_the_recorded_digests(case: str) -> None:
    outcomes = trials_of(CASES[case])
    found = reproduction(Study("my study"), outcomes)
    assert (found.unnamed, found.further) == (0, 0)
    digests = set()
    for command in found.commands:
        program, verb, *overrides = shlex.split(command)
        assert (program, verb, overrides[-1]) == ("gatebench", "sweep", "study='my study'")
        digests |= {trial.digest for trial in expand(overrides).trials}
    assert digests == {outcome.digest for outcome in outcomes}
    assert len(found.commands) == (2 if case in ("cells with ablations", "other sizes for each cell") else 1)


def test_the_experiment_of_the_study_and_a_search_are_found() -> None:
    outcomes = trials_of(["experiment=quickstart"])
    found = reproduction(Study("quickstart"), outcomes[:5])
    assert (found.commands, found.further) == (("gatebench sweep experiment=quickstart",), len(outcomes) - 5)
    drawn = ["cell=lstm,gru", "training.learning_rate=tag(log,interval(0.001,0.1))", "trials=3"]
    plan = expand(drawn)
    study = Study("search", search=plan.search)
    found = reproduction(study, [Outcome.of(trial, "finished") for trial in plan.trials])
    assert (len(found.commands), found.unnamed) == (1, 0)
    assert "trials=3" in found.commands[0]


@pytest.mark.parametrize(
    ("known", "command", "further"),
    [
        ("ab", "gatebench sweep experiment=tcn2018_music trials=2", 0),
        ("a", "gatebench sweep experiment=tcn2018_music trials=2", 1),
        ("abcd", "gatebench sweep experiment=tcn2018_music", 0),
        ("ac", "gatebench sweep experiment=tcn2018_music", 2),  # the trials are not those of the first draws
    ],
)
def test_a_search_of_an_experiment_may_have_fewer_draws(
    known: str, command: str, further: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def digests(overrides: Sequence[str], past: PastTrials) -> set[str]:
        del past
        return {"experiment=tcn2018_music": set("abcd"), "trials=2": set("ab")}[overrides[-1]]

    monkeypatch.setattr(module, "_digests", digests)
    rates = [{"training.learning_rate": rate} for rate in ("0.1", "0.2")]
    outcomes = [
        Outcome(digest, "lstm", "2", "digits", 0, "finished", settings=settings)
        for digest in known
        for settings in rates
    ]
    found = reproduction(Study("tcn2018_music", search={"training.learning_rate": "interval(0,1)"}), outcomes)
    assert (found.commands, found.unnamed, found.further) == ((command,), 0, further)


def test_a_search_in_batches_is_found_with_its_settings() -> None:
    drawn = ["cell=lstm,gru", "training.learning_rate=tag(log,interval(0.001,0.1))", "trials=14", "seed=3"]
    drawn += ["model.hidden_size=int(interval(4,40))", "search.sampler=tpe", "search.batch=12", "search.seed=2"]
    past, outcomes = PastTrials(), list[Outcome]()
    for _ in range(2):
        trials = expand(drawn, read_past=lambda settings, past=past: past).trials  # type: ignore[misc]
        scores = [trial.model.hidden_size / 40 for trial in trials]
        pairs = zip(trials, scores, strict=True)
        outcomes = [Outcome.of(trial, "finished", metrics={"best/val/accuracy": score}) for trial, score in pairs]
        past = PastTrials.of(outcomes, lambda metric: {})
    plan = expand(drawn, read_past=lambda settings: past)
    study = plan.declaration("mine")
    assert study.search_settings == {"search.sampler": "tpe", "search.seed": "2", "search.batch": "12"}
    found = reproduction(study, outcomes, past)
    assert (len(found.commands), found.unnamed, found.further) == (1, 0, 0)
    words = shlex.split(found.commands[0])[2:]
    assert {"search.sampler=tpe", "search.seed=2", "search.batch=12", "trials=14", "seed=3"} < set(words)
    assert {trial.digest for trial in expand(words, read_past=lambda settings: past).trials} == {
        outcome.digest for outcome in outcomes
    }


def test_trials_whose_settings_do_not_give_their_digest_are_counted() -> None:
    (outcome,) = trials_of(["cell=lstm"])
    changed = Outcome(**{**vars(outcome), "digest": "0" * 16})
    found = reproduction(Study("mine"), [changed, Outcome("1", "lstm", "2", "digits", 0, "failed")])
    assert (found.commands, found.unnamed) == ((), 2)
