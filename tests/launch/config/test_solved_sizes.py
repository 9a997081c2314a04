"""`model.parameters`: the size is that of the trained network, and the trial is that of the explicit size."""

from pathlib import Path

import pytest

from gatebench.errors import UserError
from gatebench.network_frame import trained_parameters
from gatebench.training.network import Network
from gatebench.trial import Model
from launch.config.compose import Plan, expand
from launch.config.settings import Settings
from launch.config.solved_sizes import SizedModel, SizeSolver, check_one_size, plain_model
from tasks.synthetic.parity import Parity

PARITY = ["task=parity", "task.training=8", "task.validation=8", "task.test=8", "model.parameters=3000"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GATEBENCH_HOME", str(tmp_path))
    return tmp_path


def test_the_trial_is_that_of_the_explicit_size(home: Path) -> None:
    plan = expand(["cell=lstm,gru", *PARITY, "model.num_layers=2", "seed=0,1"])
    assert [(size.cell, size.budget, size.num_layers) for size in plan.sizes] == [("lstm", 3000, 2), ("gru", 3000, 2)]
    for trial in plan.trials:
        assert type(trial.model) is Model
        name, size = trial.build_cell().name, trial.model.hidden_size
        explicit = [f"cell={name}", *PARITY[:-1], f"model.hidden_size={size}", "model.num_layers=2"]
        assert expand([*explicit, f"seed={trial.seed}"]).trials[0].digest == trial.digest
        problem = trial.build_task().load(Path())
        counts = [
            trained_parameters(Network(problem, expand([*explicit, f"model.hidden_size={one}"]).trials[0]))
            for one in (size - 1, size, size + 1)
        ]
        assert min(counts, key=lambda count: abs(count - 3000)) == counts[1]
        assert counts[1] in [one.parameters for one in plan.sizes if one.cell == name]
    assert plan.declaration("mine").parameters == (3000,)
    assert expand(["task=parity"]).declaration("mine").parameters == ()


@pytest.mark.parametrize("overrides", [["cell=attention"], ["cell=tcn", "model.bidirectional=true"]])
def test_the_size_of_an_architecture_is_that_of_its_network(overrides: list[str], home: Path) -> None:
    plan = expand([*overrides, *PARITY])
    (trial,), (size,) = plan.trials, plan.sizes
    counted = trained_parameters(Network(trial.build_task().load(Path()), trial))
    assert counted == size.parameters
    assert abs(counted - 3000) < 400
    assert trial.model.hidden_size % (2 if "cell=attention" in overrides else 1) == 0


def test_the_task_is_loaded_once_and_then_known_from_the_cache(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = expand(["cell=lstm,gru", *PARITY])
    monkeypatch.setattr(Parity, "load", fail)
    assert expand(["cell=lstm,gru", *PARITY]).sizes == first.sizes
    with pytest.raises(AssertionError, match="loaded"):
        expand(["cell=lstm", *PARITY, "task.length=39"])


def fail(*_: object) -> None:
    raise AssertionError("loaded")


def test_several_numbers_are_swept(home: Path) -> None:
    plan = expand(["cell=lstm", "task=parity", "model.parameters=1000,3000"])
    assert [size.budget for size in plan.sizes] == [1000, 3000]
    assert plan.declaration("mine").parameters == (1000, 3000)
    sizes = [trial.model.hidden_size for trial in plan.trials]
    assert sizes == sorted(set(sizes))


def test_an_experiment_has_another_size_that_the_number_replaces(home: Path) -> None:
    plan = expand(["experiment=parity", "cell=lstm", "seed=0", "model.parameters=3000"])
    assert plan.trials[0].model.hidden_size == plan.sizes[0].hidden_size
    assert expand(["experiment=parity", "cell=lstm", "seed=0", "model.parameters=null"]).sizes == ()


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["model.parameters=3000", "model.hidden_size=8"], "are both given"),
        (["model.parameters=3000,4000", "model.hidden_size=8"], "are both given"),
        (["model.parameters=3000", "model.hidden_size=8,9"], "are both given"),
        (["model.parameters=int(interval(3000,4000))", "trials=2"], "model.parameters cannot be drawn; write a list"),
        (["model.parameters=0"], "model.parameters is 0; it must be a whole number of at least 1, or null"),
        (["model.parameters=many"], "model.parameters is 'many'; it must be a whole number"),
        (["model.parameters=5", "task=parity"], "model.parameters is 5; it must be at least"),
        (
            ["model.parameters=3000", "task=parity", "cell=mut1"],
            "mut1 adds its input to hidden units, so its hidden size",
        ),
    ],
)
def test_a_number_that_determines_no_size_is_refused(overrides: list[str], message: str, home: Path) -> None:
    with pytest.raises(UserError, match=message):
        expand(overrides)


def test_an_experiment_with_both_is_refused() -> None:
    check_one_size([], [], [], SizedModel(hidden_size=32))
    check_one_size(["model.parameters"], [], [], SizedModel(hidden_size=32, parameters=7))
    for given, swept in ([], []), (["model.hidden_size"], []), ([], ["model.hidden_size"]):
        with pytest.raises(UserError, match="are both given"):
            check_one_size(given, swept, [], SizedModel(hidden_size=32, parameters=7))


def test_a_model_without_a_number_is_a_plain_one(tmp_path: Path) -> None:
    assert plain_model(SizedModel(hidden_size=7, dropout=0.5)) == Model(hidden_size=7, dropout=0.5)
    assert plain_model(SizedModel(parameters=3), 9) == Model(hidden_size=9)
    trial = Settings(task={"_target_": "tasks.synthetic.parity.Parity"}).trial
    assert SizeSolver(tmp_path, tmp_path).solved(trial) is trial


def test_the_plan_counts_the_sizes(home: Path) -> None:
    plan: Plan = expand(["cell=lstm", *PARITY])
    assert abs(plan.sizes[0].parameters - 3000) < 200


def test_an_embedding_has_parameters_and_makes_the_input_as_wide_as_the_state(home: Path) -> None:
    plan = expand(["cell=mut1,lstm", *PARITY, "model.embed_input=true"])
    for size, trial in zip(plan.sizes, plan.trials, strict=True):
        assert trained_parameters(Network(trial.build_task().load(Path()), trial)) == size.parameters
        assert size.parameters == pytest.approx(3000, rel=0.1)
