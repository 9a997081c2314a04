import math
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import pytorch_lightning as pl

from gatebench.errors import Refusal
from gatebench.ranks import Ranks
from gatebench.training.ranks import OutsideProcesses, check_ranks, keep_signal_handlers
from gatebench.trial import Training
from tests.gatebench.training.rank_trials import Ran, run, run_as_ranks, trials
from tests.gatebench.training.sign import TRIAL

TWO = ("reber", "nan", "literature")
"""The trials that the quick tests run: unequal lengths with an empty share, a divergence on one rank, and noise."""

OTHERS = ("sign", "small_val", "stops", "stream", "text", "dropout")


def alone(name: str, home: Path) -> Ran:
    """Run a trial in this process, without other ranks."""
    trial = trials(1)[name]
    return run(replace(trial, training=replace(trial.training, devices=1)), home / "alone")


@pytest.fixture(scope="module")
def two_ranks(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Ran]]:
    return run_as_ranks(TWO, 2, tmp_path_factory.mktemp("ranks"))


def compare(ours: Ran, theirs: Ran, tolerance: float = 2e-6) -> None:
    """Check that two runs of a trial have the same figures."""
    assert ours.outcome["status"] == theirs.outcome["status"]
    assert ours.outcome["sentence"] == theirs.outcome["sentence"]
    assert ours.outcome["files"] == theirs.outcome["files"]
    assert ours.steps == theirs.steps
    assert len(ours.epochs) == len(theirs.epochs)
    ended = [one.outcome["metrics"] for one in (ours, theirs)]
    for found, expected in [*zip(ours.epochs, theirs.epochs, strict=True), ended]:
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            if not name.startswith("seconds"):
                assert found[name] == pytest.approx(value, rel=tolerance, abs=tolerance, nan_ok=True), name


def test_two_ranks_have_the_loss_curve_the_scores_and_the_gates_of_one(
    two_ranks: list[dict[str, Ran]], tmp_path: Path
) -> None:
    for name in ("reber", "literature"):
        compare(two_ranks[0][name], alone(name, tmp_path / name))
    ours = two_ranks[0]["reber"]
    assert ours.outcome["status"] == "finished"
    assert ours.steps.keys() == {"val", "test"}


def test_only_the_first_rank_sends_epochs_and_files(two_ranks: list[dict[str, Ran]]) -> None:
    first, second = (ran["reber"] for ran in two_ranks)
    assert first.outcome["files"] == ["gates.npz", "weights.safetensors"]
    assert second.epochs == second.outcome["files"] == []
    scores = [
        {name: value for name, value in ran.outcome["metrics"].items() if name in ("test/agreement", "epochs")}
        for ran in (first, second)
    ]
    assert scores[0] == scores[1]


def test_the_facts_name_the_devices(two_ranks: list[dict[str, Ran]]) -> None:
    facts = two_ranks[0]["reber"].outcome["facts"]
    assert (facts["devices"], facts["nodes"], facts["communication"]) == ("2", "1", "gloo")


def test_a_divergence_on_one_rank_stops_all(two_ranks: list[dict[str, Ran]], tmp_path: Path) -> None:
    for ran in two_ranks:
        assert ran["nan"].outcome["status"] == "diverged"
        assert ran["nan"].outcome["sentence"] == "The training loss was nan in epoch 1."
    compare(two_ranks[0]["nan"], alone("nan", tmp_path))
    assert math.isnan(two_ranks[0]["nan"].epochs[-1]["train/loss"])


@pytest.mark.slow
@pytest.mark.parametrize("world", [2, 3])
def test_other_trials(world: int, tmp_path: Path) -> None:
    ran = run_as_ranks(OTHERS, world, tmp_path)
    for name in OTHERS[:-1]:
        compare(ran[0][name], alone(name, tmp_path / name))
    assert len(ran[0]["stops"].epochs) == 2
    assert ran[0]["dropout"].outcome["status"] == "finished"
    first, second = (one["dropout"].outcome["metrics"]["test/accuracy"] for one in ran[:2])
    assert first == second


@pytest.mark.slow
def test_a_rank_that_dies_is_noticed_at_once(tmp_path: Path) -> None:
    death = tmp_path / "death"
    survivor, dead = run_as_ranks(["mortal"], 2, tmp_path, DIES="1", DEATH=str(death))
    assert dead == {}
    assert survivor["mortal"].outcome["lost"] == "Rank 0 has lost the connection to another rank of the trial."
    assert survivor["mortal"].outcome["ended"] - float(death.read_text()) < 10


def test_the_number_of_processes_must_be_that_of_the_settings() -> None:
    two = replace(TRIAL, training=Training(devices=2, nodes=3))
    check_ranks(two, Ranks(0, 6))
    check_ranks(TRIAL, None)
    with pytest.raises(Refusal, match=r"training.devices=2 and training.nodes=3 need 6 processes; this trial has 1\."):
        check_ranks(two, None)
    with pytest.raises(Refusal, match=r"need 1 processes; this trial has 2\."):
        check_ranks(TRIAL, Ranks(0, 2))


def test_a_trainer_of_several_ranks_sets_no_signal_handler() -> None:
    before = signal.getsignal(signal.SIGTERM)
    handlers = []
    for keep in (False, True):
        trainer = pl.Trainer(logger=False, enable_checkpointing=False, enable_progress_bar=False, accelerator="cpu")
        if keep:
            keep_signal_handlers(trainer)
        trainer._signal_connector.register_signal_handlers()
        handlers.append(signal.getsignal(signal.SIGTERM))
        trainer._signal_connector.teardown()
    assert handlers[0] is not before
    assert handlers[1] is before is signal.getsignal(signal.SIGTERM)


def test_lightning_is_told_the_place_and_starts_nothing() -> None:
    place = OutsideProcesses(Ranks(3, 5, "10.0.0.1", 4000))
    place.set_global_rank(0)
    place.set_world_size(1)
    assert place.creates_processes_externally
    assert not OutsideProcesses.detect()
    assert (place.global_rank(), place.node_rank(), place.local_rank(), place.world_size()) == (3, 3, 0, 5)
    assert (place.main_address, place.main_port) == ("10.0.0.1", 4000)
