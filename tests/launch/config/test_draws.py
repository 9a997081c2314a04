"""Draws in a plan: what they depend on, how they combine with a grid, and mistakes."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebench.errors import UserError
from gatebench.trial import Trial
from launch.config.compose import Plan, expand

RATE = "training.learning_rate=tag(log,interval(1e-6,1e-2))"
SIZE = "model.hidden_size=int(interval(20,200))"
DROPOUT = "model.dropout=interval(0,0.5)"


def drawn(*overrides: str) -> list[Trial]:
    return list(expand(overrides).trials)


def refusal(*overrides: str) -> str:
    with pytest.raises(UserError) as caught:
        expand(overrides)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_more_draws_are_appended_and_all_cells_share_them() -> None:
    three, five = drawn(RATE, SIZE, "trials=3"), drawn(RATE, SIZE, "trials=5")
    assert five[:3] == three
    assert [trial.seed for trial in five] == [0, 1, 2, 3, 4]
    assert len({trial.training.learning_rate for trial in five}) == 5
    both = drawn("cell=lstm,gru", RATE, SIZE, "trials=3", "seed=10")
    assert [trial.build_cell().name for trial in both] == ["lstm", "gru"] * 3
    assert [trial.seed for trial in both] == [10, 10, 11, 11, 12, 12]
    for cell in ("lstm", "gru"):
        own = [trial for trial in both if trial.build_cell().name == cell]
        assert [(trial.model, trial.training) for trial in own] == [(trial.model, trial.training) for trial in three]


@settings(max_examples=4, deadline=None)
@given(keys=st.permutations([RATE, SIZE, DROPOUT]), number=st.integers(1, 3), seed=st.integers(0, 3))
def test_a_draw_depends_on_its_key_and_the_seed_of_the_search_alone(keys: list[str], number: int, seed: int) -> None:
    some = drawn(*keys[:number], f"search.seed={seed}", "trials=2")
    alone = {key: drawn(key, f"search.seed={seed}", "trials=2") for key in keys[:number]}
    for k, trial in enumerate(some):
        for key in keys[:number]:
            section, _, name = key.partition("=")[0].partition(".")
            assert getattr(getattr(trial, section), name) == getattr(getattr(alone[key][k], section), name)


def test_another_seed_gives_other_draws() -> None:
    assert {t.training.learning_rate for t in drawn(RATE, "trials=4")}.isdisjoint(
        t.training.learning_rate for t in drawn(RATE, "trials=4", "search.seed=1")
    )


def test_a_drawn_trial_is_the_trial_with_the_printed_values() -> None:
    for trial in drawn(RATE, SIZE, DROPOUT, "trials=4"):
        flat = trial.flat_settings()
        keys = ("training.learning_rate", "model.hidden_size", "model.dropout", "seed")
        (same,) = drawn(*(f"{key}={flat[key]}" for key in keys))
        assert same.digest == trial.digest
        assert float(f"{trial.training.learning_rate:.6g}") == trial.training.learning_rate


def test_a_swept_seed_repeats_each_draw() -> None:
    trials = drawn(RATE, "seed=range(0,3)", "trials=2")
    assert [trial.seed for trial in trials] == [0, 0, 1, 1, 2, 2]
    assert len({trial.training.learning_rate for trial in trials}) == 2


def test_choices_and_ranges_are_drawn_if_they_have_the_tag() -> None:
    trials = drawn(
        "training.optimizer=tag(draw,choice(adam,sgd,rmsprop))",
        "training.batch_size=tag(draw,range(8,11))",
        "trials=40",
    )
    assert {trial.training.optimizer for trial in trials} == {"adam", "sgd", "rmsprop"}
    assert {trial.training.batch_size for trial in trials} == {8, 9, 10}
    assert len(trials) == 40


def test_keys_below_cells_and_tasks_can_be_drawn() -> None:
    trials = drawn(
        "cell.ablate.i.fix=interval(0,1)", "task=digits", "task.split_seed=int(interval(0,1000))", "trials=3"
    )
    assert len({trial.cell["ablate"]["i"]["fix"] for trial in trials}) == 3
    assert len({trial.task["split_seed"] for trial in trials}) == 3


def test_a_linked_key_follows_the_draw() -> None:
    trials = drawn(SIZE, "training.batch_size=${model.hidden_size}", "trials=3")
    assert [t.training.batch_size for t in trials] == [t.model.hidden_size for t in trials]


def test_a_condition_keeps_a_key_at_its_value_in_the_config() -> None:
    overrides = [
        "cell=lstm,gru",
        "training.optimizer=adam,sgd",
        "training.weight_decay=interval(0.1,0.2)",
        "search.when.training.weight_decay=training.optimizer=sgd",
        "trials=3",
    ]
    plan = expand(overrides)
    assert len(plan.trials) == 12
    for trial in plan.trials:
        is_sgd = trial.training.optimizer == "sgd"
        assert (0.1 <= trial.training.weight_decay <= 0.2) if is_sgd else trial.training.weight_decay == 0
        assert plan.inactive[trial.digest] == (set() if is_sgd else {"training.weight_decay"})
    assert plan.search == {"training.weight_decay": "interval(0.1, 0.2)"}
    assert plan.conditions == {"training.weight_decay": "training.optimizer=sgd"}


def test_conditions_on_groups_on_drawn_keys_and_of_new_keys() -> None:
    plan = expand(
        [
            "cell=lstm,gru",
            "cell.ablate.z.fix=interval(0,1)",
            "search.when.cell.ablate.z.fix=cell=gru",
            "training.optimizer=tag(draw,choice(adam,sgd,rmsprop))",
            "search.when.training.weight_decay=training.optimizer=sgd,rmsprop",
            "training.weight_decay=interval(0.1,0.2)",
            "trials=12",
        ]
    )
    for trial in plan.trials:
        assert ("z" in trial.cell.get("ablate", {})) == (trial.cell["name"] == "gru")
        assert (trial.training.weight_decay > 0) == (trial.training.optimizer != "adam")
    assert {trial.training.optimizer for trial in plan.trials} == {"adam", "sgd", "rmsprop"}


def test_conditions_follow_one_another_and_hold_for_grids() -> None:
    plan = expand(
        [
            "training.optimizer=adam,sgd",
            "training.weight_decay=0.1,0.2",
            "training.gradient_clip=2,3",
            "search.when.training.gradient_clip=training.weight_decay=0.2",
            "search.when.training.weight_decay=training.optimizer=sgd",
        ]
    )
    settings_of = {(t.training.optimizer, t.training.weight_decay, t.training.gradient_clip) for t in plan.trials}
    assert settings_of == {("adam", 0.0, 1.0), ("sgd", 0.1, 1.0), ("sgd", 0.2, 2.0), ("sgd", 0.2, 3.0)}
    assert len(plan.trials) == 4


def test_the_declaration_and_the_text_show_the_search() -> None:
    plan: Plan = expand([RATE, "trials=2"])
    assert plan.declaration("a").search == {"training.learning_rate": "tag(log, interval(1e-06, 0.01))"}
    assert "# draws training.learning_rate from tag(log, interval(1e-06, 0.01))\n" in plan.text
    assert expand(["seed=1,2"]).declaration("a").search == {}


@pytest.mark.slow
def test_ten_thousand_draws_cost_little_more_than_ten_thousand_seeds() -> None:
    def seconds(*overrides: str) -> float:
        start = time.process_time()
        assert len(expand(overrides).trials) == 10_000
        return time.process_time() - start

    expand([])
    ratios = [seconds(RATE, SIZE, DROPOUT, "trials=10000") / seconds("seed=range(0,10000)") for _ in range(3)]
    assert sorted(ratios)[1] < 3


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["trials=5"], "trials is 5, and nothing is drawn"),
        (["trials=0", DROPOUT], "trials is 0; it must be a whole number of at least 1"),
        (["trials=-3", DROPOUT], "trials is -3"),
        ([DROPOUT], r"model.dropout=interval(0, 0.5) is drawn, and trials is null; write the number of draws"),
        (["model.dropout=interval(5,1)", "trials=2"], "wrong order"),
        (["training.learning_rate=tag(log,interval(0,1))", "trials=2"], "must be greater than 0"),
        (["model.hidden_size=int(interval(5,5))", "trials=2"], "only one value"),
        (["training.optimizer=interval(0,1)", "trials=2"], "training.optimizer is a text"),
        (["task._target_=interval(0,1)", "trials=2"], "task._target_ is a text"),
        (["model.bidirectional=interval(0,1)", "trials=2"], "model.bidirectional is true or false"),
        (["model.hidden_size=interval(1,9)", "trials=2"], "write int(interval(1, 9))"),
        (["model.dropout=interval(0,2)", "trials=1"], "model.dropout is 2.0; it must be at least 0 and less than 1"),
        (["training.learning_rate=interval(0,1)", "trials=1"], "training.learning_rate is 0.0; it must be"),
        ([DROPOUT, "model.dropout=0.1", "trials=2"], "model.dropout is both drawn and given values"),
        ([DROPOUT, "model.dropout=0.1,0.2", "trials=2"], "model.dropout is both drawn and given values"),
        (["search.sampler=randm"], "There is no search.sampler 'randm'; did you mean 'random'?"),
        (["search.seed=-1"], "search.seed is -1"),
        (["search.sed=1"], "did you mean 'search.seed'?"),
        (["seed=int(interval(0,9))", "trials=2"], "draws the seed"),
        (["cell=tag(draw,choice(lstm,gru))", "trials=2"], "write cell=NAME,NAME"),
        (["study=interval(0,1)", "trials=2"], "only keys below cell, task, model, training can be drawn"),
        (["model.dropout=tag(lgo,interval(0.1,0.5))", "trials=2"], "There is no tag 'lgo'"),
        (["model.dropout=tag(drw,choice(0.1,0.5))", "trials=2"], "did you mean 'draw'?"),
        (["model.dropout=tag(draw,choice(0.1))", "trials=2"], "fewer than two values"),
        (["model.dropot=interval(0,0.5)", "trials=2"], "did you mean 'model.dropout'?"),
        (["training.learning_rate=interval(0.1,1)", "trials=1000000"], "span 1,000,000 trials"),
    ],
)
def test_mistakes_are_named(overrides: list[str], message: str) -> None:
    assert message in refusal(*overrides)


def test_quasi_random_draws_spread_evenly_and_are_appended() -> None:
    eight = drawn(DROPOUT, RATE, "search.sampler=qmc", "trials=8")
    assert sorted(int(trial.model.dropout * 16) for trial in eight) == list(range(8))
    assert drawn(DROPOUT, RATE, "search.sampler=qmc", "trials=3") == eight[:3]
    assert drawn(DROPOUT, RATE, "trials=8") != eight


def test_a_setting_that_other_settings_need_can_be_drawn_with_a_condition() -> None:
    overrides = ["training.optimizer=tag(draw,choice(adam,sgd))", "training.momentum=interval(0.5,0.99)", "trials=8"]
    assert "training.momentum" in refusal(*overrides)
    trials = drawn(*overrides, "search.when.training.momentum=training.optimizer=sgd")
    assert {t.training.optimizer for t in trials} == {"adam", "sgd"}
    assert all((t.training.momentum >= 0.5) == (t.training.optimizer == "sgd") for t in trials)
    adam = next(trial for trial in trials if trial.training.optimizer == "adam")
    assert drawn("training.optimizer=adam", f"seed={adam.seed}")[0].digest == adam.digest


@pytest.mark.parametrize("setting", ["search.sampler=tpe", "search.stop=median"])
def test_a_search_in_batches_needs_drawn_keys(setting: str) -> None:
    key, _, value = setting.partition("=")
    assert refusal(setting).startswith(f"{key} is {value}, and nothing is drawn; ")
    assert "trials is null" in refusal(setting, RATE)


def test_cmaes_needs_two_intervals() -> None:
    assert "and only training.learning_rate is" in refusal("search.sampler=cmaes", RATE, "trials=2")


def test_a_bound_that_is_the_default_does_not_make_a_setting_independent_of_others() -> None:
    overrides = ["training.momentum=interval(0,0.9)", "training.optimizer=tag(draw,choice(adam,sgd))"]
    trials = drawn(*overrides, "search.when.training.momentum=training.optimizer=sgd", "trials=8")
    assert {trial.training.optimizer == "sgd" for trial in trials if trial.training.momentum} == {True}
    assert refusal("model.dropout=interval(0,1.5)", "trials=2").startswith("model.dropout is 1.5")
