"""The loss curves of all tasks on one rank of several: python -m tests.contracts.rank_curves RANK WORLD PORT,… FOLDER.

Each rank writes the small files of the tasks itself, because the checksums of these files are set in its own process.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from gatebench.outcome import Epoch
from gatebench.ranks import Ranks
from gatebench.task import Task, build_task
from gatebench.training import run_trial
from gatebench.trial import Model, Training, Trial
from tests.contracts.test_tasks import CONFIGS, SMALL, config_of

FEW = {"training": 90, "validation": 21, "test": 21}
SHORT: dict[str, dict[str, Any]] = {
    "adding": {**FEW, "length": 12},
    "copying": {**FEW, "lag": 5, "memorize": 3},
    "digits": {"pixels": 8},
    "parity": {**FEW, "length": 8, "shortest_test": 9, "length_test": 12},
    "reber": FEW,
    "reber_continual": {**FEW, "stream": 50},
    "selective_copying": {**FEW, "length": 12, "memorize": 4},
}
"""The fields that make the generated tasks small."""

WITHOUT_CHANCE = {
    "embedding_dropout": 0.0,
    "background_share": 0.0,
    "time_shift_ms": 0,
    "time_mask": 0,
    "frequency_mask": 0,
}
"""The fields without which each rank draws random numbers of its own in training."""

NAMES = sorted(name for name in CONFIGS if name in SHORT or name in SMALL)


def small_config(name: str, folder: Path, patch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return the config of a small task, and write its files to the folder."""
    fields: Mapping[str, Any] = SHORT.get(name, {})
    if name in SMALL:
        write, fields = SMALL[name]
        folder.mkdir(parents=True)
        write(folder, patch)
    if name == "continual_split":
        fields = dict(fields) | {"joint": False, "experiences": 2}
    fields = {key: str(folder / value) if isinstance(value, Path) else value for key, value in fields.items()}
    return config_of(name) | dict(fields)


def task_config(name: str, folder: Path, patch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return the config of a small task whose training draws no random numbers, and write its files to the folder."""
    config = small_config(name, folder, patch)
    return config | {key: value for key, value in WITHOUT_CHANCE.items() if key in _fields(config)}


def _fields(config: dict[str, Any]) -> set[str]:
    task: Task = build_task(config)
    return set(task.__dataclass_fields__)


def trial_of(config: dict[str, Any], world: int) -> Trial:
    """Return a short training on a task. The last batches of most tasks are uneven."""
    training = Training(max_epochs=3, batch_size=16, gradient_clip=0.5, devices=world)
    return Trial({"name": "lstm", "base": "lstm"}, config, Model(hidden_size=8, num_layers=2), training)


def curves(names: Sequence[str], folder: Path, rank: int, ports: Sequence[int], world: int) -> dict[str, Any]:
    """Return the metrics of each epoch and of the test, by task."""
    found = {}
    for name, port in zip(names, ports, strict=True):
        epochs: list[Epoch] = []
        root = folder / f"{name}.{world}.{rank}"
        with pytest.MonkeyPatch.context() as patch:
            trial = trial_of(task_config(name, root, patch), world)
            ranks = Ranks(rank, world, "127.0.0.1", port) if world > 1 else None
            outcome = run_trial(trial, home=root / "home", data_root=root, emit=epochs.append, ranks=ranks)
        found[name] = [dict(epoch.metrics) for epoch in epochs], _scores(outcome.metrics)
    return found


def _scores(metrics: Any) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if name.startswith(("test/", "best/", "matrix/"))}


def main(rank: int, world: int, ports: Sequence[int], folder: Path) -> None:
    """Write the curves of rank 0 as JSON to the folder."""
    found = curves(NAMES, folder, rank, ports, world)
    if rank == 0:
        (folder / f"{world}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    listed = [int(port) for port in sys.argv[3].split(",")]
    main(int(sys.argv[1]), int(sys.argv[2]), listed, Path(sys.argv[4]))
