"""The grid gives the same trials and the same errors as a grid in which OmegaConf makes the config of every point."""

import time
from math import prod
from pathlib import Path
from typing import Any

import hydra
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebench.errors import UserError
from launch.config import compose as module
from launch.config.compose import expand
from tests.launch.config.slow_grid import slow_trials

SEEDS = "seed=2,0"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The user's own configs: some do more than to set keys of their own section."""
    for name, text in {
        "cell/mine.yaml": "name: mine\nbase: gru\nablate: {r: {fix: 1}}\n",
        "cell/linked.yaml": "name: linked\nbase: gru\nablate: {r: {fix: '${model.dropout}'}}\n",
        "cell/wide.yaml": "# @package _global_\ncell: {name: wide, base: lstm}\nmodel: {hidden_size: 99}\n",
        "cell/inherited.yaml": "defaults: [gru]\nablate: {z: {fix: 0.5}}\n",
        "task/global.yaml": (
            "# @package _global_\ntraining: {batch_size: 3}\n"
            "task: {_target_: tasks.images.digits.Digits, split_seed: 5}\n"
        ),
        "model/small.yaml": "hidden_size: 7\n",
        "model/large.yaml": "hidden_size: 70\nnum_layers: 2\n",
        "experiment/linked.yaml": (
            "# @package _global_\nmodel: {hidden_size: '${training.batch_size}'}\n"
            "task: {split_seed: '${seed}'}\nbaseline: '${cell.name}'\n"
            "hydra: {sweeper: {params: {training.batch_size: '4,5,6', seed: 'range(0,3)'}}}\n"
        ),
        "experiment/through.yaml": (
            "# @package _global_\nstudy: '${cell.name}_${model.dropout}'\n"
            "cell: {note: '${study}'}\ntraining: {patience: 3}\n"
        ),
        "experiment/relative.yaml": "# @package _global_\ntraining: {patience: '${.max_epochs}'}\n",
        "experiment/ablated.yaml": "# @package _global_\ncell: {ablate: {i: {fix: 1}}}\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


GRIDS = [
    [],
    ["experiment=quickstart"],
    ["experiment=reber"],
    ["cell=lstm,gru", "task=digits,parity", SEEDS],
    ["cell=glob(gru*)", "model.hidden_size=3,5", "model.dropout=0,0.5"],
    ["cell=lstm,lstm_no_input", "cell.ablate.i.fix=0,0.5,1"],
    ["cell.ablate.i={fix: 1},{tie: '1 - f'}", "cell.ablate.f.bias=1,2"],
    ["cell.ablate.i={fix: 1},{fix: 0}", "cell.ablate.i.fix=0.25,0.75"],
    ["cell.ablate.i.fix=0.25,0.75", "cell.ablate={f: {fix: 1}},{f: {bias: 2}}"],
    ["cell=lstm_no_input,lstm_no_forget", "++cell.ablate.o.fix=1"],
    ["cell=lstm,gru", "cell.note=null,'a note, with a comma'"],
    ["cell=lstm,lstm_np", "cell.name=one,other"],
    ["training.learning_rate=1,0.1,1e-3", "training.optimizer=adam,sgd", "training.backend=auto,native"],
    ["training.batch_size=${model.hidden_size},32", "model.hidden_size=4,8", "cell=lstm,gru", SEEDS],
    ["model={hidden_size: 3},{hidden_size: 4, num_layers: 2}", "training={patience: 2, max_epochs: 9}"],
    ["task.split_seed=0,1,2", "task.images=1,2", SEEDS],
    ["task=parity", "seed=range(0,4)", "model.bidirectional=true,false"],
    ["seed=choice(3,1,3)", "cell=lstm,lstm"],
    ["cell=lstm,gru", "cell.start.R=identity,uniform"],
    ["cell=lstm,gru", "training.device=${oc.env:GATEBENCH_NO_SUCH_DEVICE,cpu}", SEEDS],
]

OWN_GRIDS = [
    ["cell=mine,lstm", SEEDS],
    ["cell=linked,lstm", "model.dropout=0,0.5", "training.max_epochs=1,2"],
    ["cell=wide,lstm,gru", "model.num_layers=1,2"],
    ["cell=wide,lstm", "task=digits,parity"],
    ["cell=inherited,gru"],
    ["task=global,digits", "cell=lstm,gru"],
    ["model=small,large", "model.num_layers=1,3"],
    ["+model=small,large", "cell=lstm,gru"],
    ["experiment=linked", "cell=lstm,gru"],
    ["experiment=through", "cell=lstm,gru", "model.dropout=0,0.5"],
    ["experiment=relative", "training.max_epochs=3,4"],
    ["experiment=ablated", "cell=lstm,lstm_no_forget", "training.patience=1,2"],
    ["experiment=ablated", "cell=lstm,lstm_no_forget", "~cell.ablate.i"],
]


def some(grids: list[list[str]]) -> list[Any]:
    """Return the grids as parameters. Every second one is slow, because Hydra composes each of its trials."""
    return [
        pytest.param(grid, id=" ".join(grid), marks=pytest.mark.slow if number % 2 else ())
        for number, grid in enumerate(grids)
    ]


@pytest.mark.parametrize("overrides", some(GRIDS))
def test_the_trials_are_those_of_the_slow_way(overrides: list[str]) -> None:
    check_same(overrides)


@pytest.mark.parametrize("overrides", some(OWN_GRIDS))
def test_the_trials_of_the_users_configs_are_those_of_the_slow_way(overrides: list[str], folder: Path) -> None:
    check_same(overrides, folder)


def check_same(overrides: list[str], folder: Path | None = None) -> None:
    first, trials = slow_trials(overrides, folder)
    plan = expand(overrides, folder)
    assert plan.trials == tuple(trials)
    assert [trial.digest for trial in plan.trials] == [trial.digest for trial in trials]
    assert [list(trial.cell) for trial in plan.trials] == [list(trial.cell) for trial in trials]
    assert repr(plan.trials) == repr(tuple(trials))  # also the types of numbers, and the order of keys
    assert plan.settings == first


VALUES = {
    "cell": st.lists(st.sampled_from(["lstm", "gru", "rnn_tanh", "lstm_np"]), max_size=2),
    "task": st.lists(st.sampled_from(["digits", "parity"]), max_size=2),
    "model.hidden_size": st.lists(st.sampled_from(["4", "5", "007", "${training.batch_size}"]), max_size=2),
    "model.dropout": st.lists(st.floats(0, 0.9).map(repr), max_size=2),
    "training.batch_size": st.lists(st.integers(1, 99).map(str), max_size=2),
    "training.learning_rate": st.lists(st.floats(1e-9, 1e3).map(repr), max_size=2),
    "training.optimizer": st.lists(st.sampled_from(["adam", "'sgd'", '"rmsprop"']), max_size=2),
    "seed": st.lists(st.integers(0, 2**63 - 1).map(str), max_size=2),
}


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(st.fixed_dictionaries(VALUES).filter(lambda values: prod(max(1, len(texts)) for texts in values.values()) <= 12))
def test_random_grids_are_those_of_the_slow_way(values: dict[str, list[str]]) -> None:
    check_same([f"{key}={','.join(texts)}" for key, texts in values.items() if texts])


@pytest.mark.parametrize(
    "wrong",
    [
        "model.hidden_size=4,abc",
        "model.hidden_size=4,0",
        "model.hidden_siz=3,4",
        "model.hidden_size.x=3,4",
        "model.hidden_size=3,[4]",
        "model.hidden_size={a: 1},4",
        "model=3,4",
        "seed=0,-1",
        "seed=0,1.5",
        "seed=0,null",
        "training.optimizer=adam,adm",
        "training.learning_rate=0.1,nan",
        "training.patience=3,${nope}",
        "training.patience=3,${cell.name}",
        "cell=lstm,lsmt",
        "cell=lstm,gru,lsmt",
        "cell.ablate.i.fix=1,abc",
        "cell.ablate.i.fx=1,2",
        "cell.ablate.q.fix=1,2",
        "cell.base=lstm,???",
        "cell.colour=red,blue",
        "task.split_seed=0,abc",
        "task.foo=1,2",
        "task._target_=os.path.join,tasks.images.digits.Digits",
        "cell.ablate=1,2",
        "cell.ablate.i=1,2",
        "cell.name.x=1,2",
        "task={a: 1},{b: 2}",
    ],
)
@pytest.mark.parametrize(
    "others",
    [
        pytest.param(["experiment=null"], marks=pytest.mark.slow),
        ["seed=0,1", "task=digits,parity"],
    ],
)
def test_a_wrong_value_is_told_in_the_same_sentence(wrong: str, others: list[str]) -> None:
    key = wrong.partition("=")[0]
    overrides = [*(one for one in others if not one.startswith((f"{key}=", f"{key.partition('.')[0]}="))), wrong]
    with pytest.raises(UserError) as slow:
        slow_trials(overrides)
    with pytest.raises(UserError) as fast:
        expand(overrides)
    assert str(fast.value) == str(slow.value)


def test_hydra_composes_a_grid_of_plain_files_once(monkeypatch: pytest.MonkeyPatch) -> None:
    composed: list[object] = []

    def counted(*args: object, **keywords: object) -> object:
        composed.append(args)
        return original(*args, **keywords)  # type: ignore[arg-type]

    original = hydra.compose
    monkeypatch.setattr(module, "compose", counted)
    assert len(expand(["cell=lstm,gru,mgu", "task=digits,parity", "seed=range(0,9)"]).trials) == 54
    assert len(composed) == 1


@pytest.mark.slow
def test_a_point_of_a_large_grid_takes_less_than_a_twentieth_of_the_slow_way() -> None:
    grid = ["cell=lstm,gru", "model.hidden_size=3,4", "seed=range(0,{})"]
    started = time.process_time()
    slow_trials([*grid[:2], grid[2].format(10)])
    slow = (time.process_time() - started) / 40
    small, large = (_seconds([*grid[:2], grid[2].format(seeds)]) for seeds in (10, 510))
    assert (large - small) / 2000 < slow / 20


def _seconds(overrides: list[str]) -> float:
    started = time.process_time()
    expand(overrides)
    return time.process_time() - started
