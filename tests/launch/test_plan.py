from dataclasses import replace
from pathlib import Path

import pytest

from gatebench.derive.cost import pointwise_flops, product_flops
from gatebench.errors import UserError
from gatebench.machine.fingerprint import REFUSED_ON, fingerprint
from gatebench.outcome import Outcome
from gatebench.task import Size
from gatebench.trial import Model, Trial
from launch import plan
from launch.config.compose import expand
from launch.config.settings import Settings
from launch.config.solved_sizes import SolvedSize
from launch.running.known_outcomes import KnownStudy
from tasks.images.digits import Digits
from tests.launch.trials import DIGITS, outcome, trial

GRID = ["cell=lstm,gru", "seed=0,1", "model.hidden_size=4", "training.max_epochs=3"]


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> list[Outcome]:
    """What the records know."""
    outcomes: list[Outcome] = []
    monkeypatch.setattr(plan, "known_study", lambda settings, study: KnownStudy(None, outcomes))
    return outcomes


def test_the_plan_lists_trials_with_their_digests(known: list[Outcome], capsys: pytest.CaptureFixture[str]) -> None:
    assert plan.run(GRID) == 0
    out = capsys.readouterr().out
    for one in expand(GRID).trials:
        assert one.digest in out
    assert out.count("  planned\n") == 4
    assert "4 trials in the study 'scratch': 4 planned." in out


def test_what_is_done_is_not_to_run_and_tells_how_long_the_rest_takes(
    known: list[Outcome], capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, *_ = expand(GRID).trials
    known += [outcome(first), outcome(second)]
    plan.run([*GRID, "workers=2"])
    out = capsys.readouterr().out
    assert "2 planned, 2 done." in out
    assert "To run: 2" in out
    assert "about 2 s on 2 workers" in out  # two trials of 1.5 s, side by side
    plan.run([*GRID, "force=true"])
    out = capsys.readouterr().out
    assert "'scratch': 4 planned." in out
    assert "To run: 4" in out


def test_what_failed_is_run_again(known: list[Outcome], capsys: pytest.CaptureFixture[str]) -> None:
    known.append(outcome(expand(GRID).trials[0], "failed"))
    plan.run(GRID)
    out = capsys.readouterr().out
    assert "3 planned, 1 failed." in out
    assert "To run: 4" in out


def test_what_this_machine_refused_is_not_run_again(known: list[Outcome], capsys: pytest.CaptureFixture[str]) -> None:
    first, second, *_ = expand(GRID).trials
    known.append(outcome(first, "refused", sentence="There is no GPU.", facts={REFUSED_ON: fingerprint()}))
    known.append(outcome(second, "refused", facts={REFUSED_ON: "an earlier version"}))
    plan.run(GRID)
    out = capsys.readouterr().out
    assert "2 planned, 2 refused." in out
    assert "1 trial was refused on this machine (There is no GPU), and nothing has changed since" in out
    assert "To run: 3" in out
    plan.run([*GRID, "force=true"])
    assert "To run: 4" in capsys.readouterr().out


def test_the_cost_counts_every_layer_direction_step_example_and_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Digits, "size", lambda self: Size(examples=100, steps=8, inputs=1))
    one = trial(epochs=2)
    cell = one.build_cell()
    flops = product_flops(cell, 1, 4) + pointwise_flops(cell, 1, 4)
    assert plan.training_flops(one) == 3 * flops * 8 * 100 * 2
    deep = Trial(one.cell, DIGITS, Model(hidden_size=4, num_layers=2, bidirectional=True), one.training)
    second = product_flops(cell, 8, 4) + pointwise_flops(cell, 8, 4)
    assert plan.training_flops(deep) == 3 * 2 * (flops + second) * 8 * 100 * 2


def test_a_task_that_does_not_tell_its_size_has_no_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Digits, "size", lambda self: None)
    assert plan.training_flops(trial()) is None


def test_the_size_that_the_digits_tell_is_that_of_their_data(tmp_path: Path) -> None:
    problem = Digits().load(tmp_path)
    assert Digits().size() == Size(len(problem.train), problem.steps, problem.input_size)


def test_the_records_are_those_of_the_study(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def remember(_settings: Settings, study: str) -> KnownStudy:
        asked.append(study)
        return KnownStudy(None, [])

    monkeypatch.setattr(plan, "known_study", remember)
    plan.run(["study=mine"])
    assert asked == ["mine"]
    with pytest.raises(UserError, match="only gatebench table takes several studies"):
        plan.run(["study=a,b"])


def test_the_declaration_is_printed(known: list[Outcome], capsys: pytest.CaptureFixture[str]) -> None:
    plan.run([*GRID, "question='Which one?'", "baseline=gru", "families.others=lstm", "test=paired", "metrics=all"])
    out = capsys.readouterr().out
    assert "Question: Which one?\nBaseline: gru. Test: paired.\nFamilies: others (lstm).\nMetrics: all.\n" in out
    plan.run(GRID)
    assert "Baseline: lstm. Test: unpaired.\nFamilies: one of all cells.\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("overrides", "sentences"),
    [
        (
            ["cell=lstm,gru", "seed=0,1"],
            ["With 2 seeds no p", "whatever the difference: 1 comparison needs 4 seeds (unpaired test)"],
        ),
        (["cell=lstm,gru", "seed=range(0,4)"], []),
        (["cell=lstm,gru", "seed=range(0,4)", "test=paired"], ["1 comparison needs 6 seeds (paired test)"]),
        (["cell=lstm,gru,mgu,janet,ligru,ugrnn"], ["With 1 seed no p", "5 comparisons need 5 seeds"]),
        (["cell=lstm,lstm_np,gru", "seed=range(0,4)"], []),
        (["cell=lstm,lstm_np", "seed=0"], []),
        (["cell=lstm", "seed=0"], []),
        (["cell=lstm", "model.hidden_size=4,8,16", "seed=0"], ["2 comparisons need"]),
        (["cell=lstm,gru", "model.hidden_size=4,8,16", "seed=range(0,4)"], []),
        (
            [
                "cell=lstm,gru,mgu,janet,ligru,ugrnn",
                "families.a=gru,mgu,janet,ligru",
                "families.b=ugrnn",
                "seed=0,1,2,3",
            ],
            ["4 comparisons of the family 'a' need 5"],
        ),
    ],
)
def test_comparisons_that_cannot_be_significant_are_named(overrides: list[str], sentences: list[str]) -> None:
    one = expand(overrides)
    lines = plan.power_lines(one, one.declaration("scratch"))
    assert len(lines) == bool(sentences)
    assert all(sentence in lines[0] for sentence in sentences)


def test_the_number_of_seeds_that_is_named_is_enough() -> None:
    one = expand(["cell=lstm,gru,mgu,janet", "seed=0"])
    (line,) = plan.power_lines(one, one.declaration("scratch"))
    enough = line.rpartition("seed=")[2].rstrip(".")
    again = expand(["cell=lstm,gru,mgu,janet", f"seed={enough}"])
    assert plan.power_lines(again, again.declaration("scratch")) == []


def test_the_solved_sizes_are_listed_for_each_number_of_parameters() -> None:
    sizes = (
        SolvedSize(20_000, "lstm", "digits", 68, 19_730, 1),
        SolvedSize(20_000, "gru", "digits", 79, 20_076, 1),
        SolvedSize(5000, "gru", "digits", 20, 5000, 1),
    )
    planned = replace(expand(["cell=lstm"]), sizes=sizes)
    assert plan.size_lines(planned) == [
        "Hidden sizes for 20,000 parameters on digits: lstm 68 (19,730, −1.3 %), gru 79 (20,076, +0.4 %).",
        "Hidden sizes for 5,000 parameters on digits: gru 20 (5,000, +0.0 %).",
    ]
    layered = replace(planned, sizes=(sizes[0], replace(sizes[0], num_layers=2, hidden_size=40)))
    assert "lstm 68 in 1 layer (19,730, −1.3 %), lstm 40 in 2 layers (19,730" in plan.size_lines(layered)[0]
    assert plan.size_lines(expand(["cell=lstm"])) == []


def test_drawn_keys_have_a_column_and_a_line(known: list[Outcome], capsys: pytest.CaptureFixture[str]) -> None:
    overrides = [
        "trials=6",
        "training.optimizer=tag(draw,choice(adam,sgd))",
        "training.weight_decay=interval(0.1,0.2)",
        "search.when.training.weight_decay=training.optimizer=sgd",
    ]
    assert plan.run(overrides) == 0
    heading, _, *rows = (out := capsys.readouterr().out).splitlines()
    assert heading.split() == ["digest", "trial", "optimizer", "weight_decay", "GFLOP", "state"]
    trials = expand(overrides).trials
    for row, one in zip(rows[:6], trials, strict=True):
        shown = str(one.training.weight_decay) if one.training.optimizer == "sgd" else "–"
        assert row.split()[-4:-2] == [one.training.optimizer, shown]
    active = sum(one.training.optimizer == "sgd" for one in trials)
    assert 0 < active < 6
    assert (
        "Draws: 6, sampler random, search.seed 0.\n"
        "  training.optimizer from tag(draw,choice(adam,sgd))\n"
        f"  training.weight_decay from interval(0.1, 0.2), if training.optimizer=sgd ({active} of 6 trials)\n"
    ) in out


def test_without_draws_there_is_no_search(known: list[Outcome], capsys: pytest.CaptureFixture[str]) -> None:
    assert plan.run(GRID) == 0
    assert "Draws" not in capsys.readouterr().out


def test_keys_with_equal_last_parts_are_told_apart() -> None:
    columns = plan.drawn_columns(
        expand(
            [
                "cell.ablate.i.fix=interval(0,1)",
                "cell.ablate.f.fix=interval(0,1)",
                "model.dropout=interval(0,0.5)",
                "trials=2",
            ]
        )
    )
    assert list(columns) == ["cell.ablate.i.fix", "cell.ablate.f.fix", "dropout"]


def test_drawn_settings_are_no_arms() -> None:
    """One cell with two optimisers is one comparison, however many learning rates are drawn."""
    overrides = ["training.optimizer=adam,sgd", "training.learning_rate=interval(0.001,0.1)", "trials=2"]
    planned = expand(overrides)
    (sentence,) = plan.power_lines(planned, planned.declaration("a"))
    assert "1 comparison needs" in sentence
    planned = expand(overrides[1:])
    assert plan.power_lines(planned, planned.declaration("a")) == []


@pytest.mark.parametrize("seeds", [[], ["seed=range(0,2)"]], ids=["the seed follows the draws", "the seed is swept"])
def test_draws_and_seeds_are_the_trials_of_a_row(seeds: list[str]) -> None:
    overrides = ["cell=lstm,gru,mgu,janet", "model.dropout=interval(0,0.5)", *seeds]
    planned = expand([*overrides, "trials=2"])
    (line,) = plan.power_lines(planned, planned.declaration("a"))
    assert f"With {4 if seeds else 2} trials a cell no p" in line
    enough = line.rpartition("trials=")[2].rstrip(".")
    planned = expand([*overrides, f"trials={enough}"])
    assert plan.power_lines(planned, planned.declaration("a")) == []


def test_architectures_that_are_no_cells_are_named_and_cost() -> None:
    both = expand(["cell=lstm,attention", "model.hidden_size=4"])
    assert plan.architecture_lines(both) == ["Not cells, without gates: attention."]
    assert plan.architecture_lines(expand(["cell=lstm"])) == []
    assert all((plan.training_flops(trial) or 0) > 0 for trial in both.trials)
