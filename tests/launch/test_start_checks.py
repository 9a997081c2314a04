"""A missing data file is told before anything starts: before the records, the training and Ray."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from gatebench.errors import UserError
from gatebench.task import Task, build_task
from gatebench.training.network import Network
from gatebench.training.optimizers import make_optimizer
from gatebench.training_settings import OPTIMIZERS, WITH_MOMENTUM, Training
from launch.config.arguments import parse_plan
from launch.config.settings import Settings
from launch.main import main
from launch.start_checks import COPIES, check_start, copies, weight_bytes
from tasks.catalogue import DATASETS
from tasks.data.files import MissingFile

TASKS = {task: dataset for dataset in DATASETS.values() for task in dataset.tasks}


@pytest.mark.parametrize("verb", ["train", "sweep"])
def test_nothing_starts_without_the_files(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    assert main([verb, "task=sequential_mnist", f"data_root={tmp_path}"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert f"run gatebench data fetch mnist data_root={tmp_path};" in err
    assert not home.exists()


def test_each_distinct_task_is_checked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checked = []
    monkeypatch.setattr(Task, "check_files", lambda task, root, cache: checked.append((task.name, root, cache)))
    plan = parse_plan(
        "sweep", "", ["task=parity,adding", "seed=range(0,3)", f"data_root={tmp_path}", f"home={tmp_path}"]
    )
    assert plan is not None
    check_start(plan.trials, plan.settings)
    assert sorted(checked) == [(name, tmp_path, tmp_path / "cache") for name in ("adding", "parity")]


def test_the_files_of_a_cluster_are_not_searched_here(tmp_path: Path) -> None:
    plan = parse_plan("sweep", "", ["task=sst2", f"data_root={tmp_path}", "ray_address=10.0.0.1:6379"])
    assert plan is not None
    check_start(plan.trials, plan.settings)
    plan.settings.ray_address = None
    with pytest.raises(
        MissingFile, match=r"There is no train\.tsv in any of .*; download it by hand from https://github"
    ):
        check_start(plan.trials, plan.settings)


def test_the_check_imports_no_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from launch.main import main; code = main(sys.argv[1:]); "
        "sys.exit(99 if 'torch' in sys.modules or 'ray.util' in sys.modules else code)"
    )
    argv = [sys.executable, "-c", code, "train", "task=sequential_cifar10", f"data_root={tmp_path}"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "; run gatebench data fetch cifar10 data_root=" in done.stderr


@pytest.mark.parametrize("name", sorted(TASKS))
def test_the_check_and_the_loading_name_the_same_files_and_an_existing_data_set(name: str, tmp_path: Path) -> None:
    plan = parse_plan("plan", "", [f"task={name}"])
    assert plan is not None
    task = build_task(plan.trials[0].task)
    with pytest.raises(MissingFile) as checked:
        task.check_files(tmp_path, tmp_path / "cache")
    with pytest.raises(MissingFile) as loaded:
        task.load(tmp_path)
    assert str(checked.value).partition(";")[2] == str(loaded.value).partition(";")[2]
    if advice := str(checked.value).partition("run gatebench data fetch ")[2]:
        assert task.name in DATASETS[advice.split()[0]].tasks
    else:
        assert TASKS[name].needs_manual_download


@pytest.mark.parametrize("verb", ["train", "sweep"])
def test_weights_that_do_not_fit_into_memory_are_refused_with_their_bytes(
    verb: str, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    assert main([verb, "task=parity", "cell=lstm", "model.hidden_size=1000000"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "A trial of lstm with model.hidden_size=1000000 needs 64.0 TB for the weights of its recurrent layers" in err
    assert not home.exists()


@pytest.mark.parametrize(
    "overrides", [[], ["model.num_layers=3", "model.bidirectional=true"], ["model.num_layers=2"], ["cell=attention"]]
)
def test_the_bytes_are_those_of_the_weights_of_the_network(overrides: list[str]) -> None:
    plan = parse_plan("train", "", ["task=parity", "training.optimizer=sgd", *overrides])
    assert plan is not None
    trial, problem = plan.trials[0], plan.trials[0].build_task().load(Path())
    network = Network(problem, trial)
    weights = sum(weight.numel() for weight in (network.architecture or network.recurrent).parameters())
    assert weight_bytes(trial) == weights * 4 * 2


def test_every_optimiser_has_a_number_of_values() -> None:
    assert COPIES.keys() == OPTIMIZERS.keys()


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_number_of_values_is_that_of_the_optimiser(optimizer: str, momentum: float) -> None:
    settings = Training(optimizer=optimizer, momentum=momentum if optimizer in WITH_MOMENTUM else 0.0)
    weight = torch.nn.Parameter(torch.ones(7))
    weight.grad = torch.ones(7)
    made = make_optimizer(settings, [weight])
    made.step()
    averages = [value for value in made.state[weight].values() if value.numel() == 7]
    assert copies(settings) == 2 + len(averages)


def test_the_package_of_a_logger_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wandb = {"mine": {"_target_": "pytorch_lightning.loggers.WandbLogger"}}
    logged = Settings(home=str(tmp_path), logger=wandb)
    monkeypatch.setattr("launch.start_checks.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"logger\.mine needs the package wandb: pip install wandb"):
        check_start([], logged)
    check_start([], Settings(home=str(tmp_path), logger={"csv": {"_target_": "pytorch_lightning.loggers.CSVLogger"}}))
    monkeypatch.setattr("launch.start_checks.find_spec", lambda name: object())
    check_start([], logged)


@pytest.mark.parametrize("address", [None, "10.0.0.1:6379"])
def test_a_callback_that_writes_to_a_logger_needs_one(address: str | None, home: Path) -> None:
    monitor = "training.callbacks.lr._target_=pytorch_lightning.callbacks.LearningRateMonitor"
    cluster = [f"ray_address={address}"] if address else []
    plan = parse_plan("sweep", "", ["task=parity", "cell=lstm", monitor, f"home={home}", *cluster])
    assert plan is not None
    with pytest.raises(
        UserError, match=r"^training\.callbacks\.lr is a LearningRateMonitor, .*; add for example logger=c"
    ):
        check_start(plan.trials, plan.settings)
    plan.settings.logger = {"csv": {"_target_": "pytorch_lightning.loggers.CSVLogger"}}
    check_start(plan.trials, plan.settings)
