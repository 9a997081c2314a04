"""Named arms: their trials, their settings in the declaration, and the overrides that an arm cannot have."""

from pathlib import Path

import pytest

from gatebench.errors import UserError
from gatebench.study import arm_digest
from launch.config.compose import expand

ARMS = [
    "arms.small=[cell=lstm,model.hidden_size=8]",
    "arms.sgd=[cell=lstm,training.optimizer=sgd]",
    "arms.gru=cell=gru",
]


def test_each_arm_has_a_trial_for_each_seed_and_its_name_as_label() -> None:
    plan = expand([*ARMS, "seed=0,1", "baseline=small", "families.others=[sgd,gru]"])
    labels = [plan.labels[trial.digest] for trial in plan.trials]
    assert labels == [("small",), ("sgd",), ("gru",)] * 2
    assert [trial.model.hidden_size for trial in plan.trials[:3]] == [8, 64, 64]
    assert [trial.training.optimizer for trial in plan.trials[:3]] == ["adam", "sgd", "adam"]
    assert plan.trials[0].digest == expand(["cell=lstm", "model.hidden_size=8", "seed=0"]).trials[0].digest
    study = plan.declaration("mine")
    assert study.order == ("small", "sgd", "gru")
    assert study.families == {"others": ("sgd", "gru")}
    lstm = plan.trials[0].build_cell().digest
    assert study.arms["small"] == {"cell": lstm, "model.hidden_size": "8", "training.optimizer": "adam"}
    assert study.arms["sgd"] == {"cell": lstm, "model.hidden_size": "64", "training.optimizer": "sgd"}
    assert plan.cells == {name: arm_digest(settings) for name, settings in study.arms.items()}


def test_an_arm_may_be_matched_by_parameters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEBENCH_HOME", str(tmp_path))
    overrides = ["arms.a=[cell=lstm,model.parameters=3000]", "arms.b=[cell=lstm,model.hidden_size=9]", "task=parity"]
    study = expand([*overrides, "task.training=8", "task.validation=8", "task.test=8"]).declaration("mine")
    assert (study.arms["a"]["model.parameters"], study.arms["b"]["model.parameters"]) == ("3000", "none")
    assert "model.hidden_size" not in study.arms["a"]
    assert study.arms["b"]["model.hidden_size"] == "9"


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["arms.a=[task=parity]"], "The arm 'a' sets task; an arm sets only cell, model, training"),
        (["arms.a=[seed=3]"], "The arm 'a' sets seed"),
        (["arms.a=[model.hidden_size=range(1,3)]"], "The arm 'a' sets several values of model.hidden_size"),
        (["arms.a=[cell=lstm]", "cell=gru"], "cell is set by the arm 'a' and by the command line"),
        (["arms.a=[model.num_layers=2]", "model.num_layers=1,2"], "model.num_layers is set by the arm 'a'"),
        (["arms.a=[cell=lstmm]"], "lstmm"),
        (["arms.a=[c]"], r"^In the arm 'a': The override 'c' cannot be read"),
        (["arms.a.b=[c]"], r"^arms\.a\.b has a dot in the name 'a\.b'; write arms\.NAME=\[key=value,…\] with a name"),
        (["families.a.b=[lstm]"], r"^families\.a\.b has a dot in the name 'a\.b'; write families\.NAME=\[CELL,…\]"),
        (["arms=[c]"], r"^arms has keys of its own; write arms\.NAME=… for each of them\.$"),
        (["arms.a=[model.size=2]"], "model.size"),
    ],
)
def test_an_override_that_an_arm_cannot_have_is_refused(overrides: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        expand(overrides)
