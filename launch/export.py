"""Write a trained network of a study for other programs: as ONNX, or as a module of plain torch.

  gatebench export study=mine                                the best trial of the study by validation, as ONNX
  gatebench export study=mine cell=lstm                      the best trial of a cell by validation
  gatebench export study=mine digest=3f2a                    a trial by the beginning of its digest
  gatebench export study=mine cell=lstm seed=3 …             a trial by its settings, with its experiment=… or task=…
  gatebench export study=mine file=mine.onnx                 the file; without file=, it lies in the folder exports
  gatebench export study=mine format=torch file=mine.safetensors   weights, and mine.py, which needs torch alone

The file is compared with the network on test examples before it is written. format=torch takes cells with the equations
of torch.nn.LSTM, GRU or RNN. format=onnx takes every cell and needs the packages onnx and onnxruntime.
"""

from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from gatebench.errors import UserError, unknown
from gatebench.outcome import Outcome
from gatebench.report.figures.file_name import file_name
from launch.chosen_trial import recorded_trial
from launch.config.arguments import parse_plan
from launch.config.settings import Settings
from launch.running.search_past import past_trials

if TYPE_CHECKING:
    from gatebench.saved.trained_trial import TrainedTrial
    from gatebench.task import Batch

FORMATS = {"onnx": ".onnx", "torch": ".safetensors"}
"""The formats, and the endings of their files."""

TOLERANCE = 1e-4
"""The largest difference of a logit from that of the network, relative to the largest logit if that is more than 1."""

CHECKED = (8, 3)
"""The numbers of test examples in the batches that are compared."""


def run(argv: Sequence[str]) -> int:
    """Write the file and return 0.

    Raises:
        UserError: there is no such study, trial or format, the trial has no weights, the network cannot be exported, or
            its export differs from it.
    """
    plan = parse_plan("export", __doc__, argv, read_past=past_trials)
    if plan is None:
        return 0
    form = plan.settings.format if "format" in plan.keys else "onnx"
    if form not in FORMATS:
        raise unknown("format", form, FORMATS, where="of an exported network")
    if form == "onnx" and (lacking := [name for name in ("onnx", "onnxruntime") if find_spec(name) is None]):
        raise UserError(f"format=onnx needs the packages {' and '.join(lacking)}: pip install 'gatebench[export]'.")
    outcome = recorded_trial(plan).outcome
    path = _path(plan.settings, form, outcome)
    _export(plan.settings, form, outcome, path)
    return 0


def _path(settings: Settings, form: str, outcome: Outcome) -> Path:
    """Return the path of the file.

    Raises:
        UserError: its ending is another one than that of the format, or it is a folder.
    """
    ending = FORMATS[form]
    if settings.file is None:
        name = file_name(f"{settings.one_study} {outcome.cell} {outcome.digest[:8]}")
        return settings.home_folder.root / "exports" / f"{name}{ending}"
    path = Path(settings.file).expanduser()
    if path.suffix.lower() != ending:
        raise UserError(f"file is {settings.file}; with format={form}, its name must end in {ending}.")
    if path.is_dir():
        raise UserError(f"file is {settings.file}, which is a folder; it must be the name of a file.")
    return path


def _export(settings: Settings, form: str, outcome: Outcome, path: Path) -> None:
    """Export the network of a trial, compare it, write it and print what was written."""
    from gatebench.saved.trained_trial import load_trial  # imports torch

    loaded = load_trial(
        settings.one_study,
        outcome.digest,
        home=settings.home_folder.root,
        tracking_uri=settings.tracking_uri,
        data_root=settings.data_folder,
    )
    files, difference = (_onnx if form == "onnx" else _torch)(loaded, settings.one_study, path)
    examples = sum(CHECKED)
    if not difference <= TOLERANCE:
        raise UserError(
            f"The exported network differs from that of the trial {outcome.digest} by {difference:.1e} on {examples} "
            f"test examples, more than {TOLERANCE:g}, so that it was not written."
        )
    _write(files)
    score = "" if outcome.metric is None else outcome.metrics.get(f"best/val/{outcome.metric.name}")
    shown = (
        f", best validation {outcome.metric.name} {score:.4g}" if outcome.metric and isinstance(score, float) else ""
    )
    print(f"{outcome.cell} · {outcome.task} · seed {outcome.seed} · trial {outcome.digest}{shown}")
    print(f"largest difference from the network on {examples} test examples: {difference:.1e}")
    for written in files:
        print(written)


def _onnx(loaded: "TrainedTrial", study: str, path: Path) -> tuple[dict[Path, bytes], float]:
    """Return the file of a network as ONNX, and its largest difference from the network."""
    from gatebench.export.onnx_check import largest_difference
    from gatebench.export.onnx_model import network_model

    batches = _batches(loaded)
    facts = {
        "study": study,
        "digest": loaded.outcome.digest,
        "cell": loaded.outcome.cell,
        "task": loaded.outcome.task,
        "gatebench": version("gatebench"),
    }
    content = network_model(loaded.network, batches[0], facts).SerializeToString()
    return {path: content}, largest_difference(content, loaded.network, batches)


def _torch(loaded: "TrainedTrial", study: str, path: Path) -> tuple[dict[Path, bytes], float]:
    """Return the files of a network as plain torch, and its largest difference from the network."""
    from gatebench.export.plain_torch import largest_plain_difference, plain_torch

    outcome = loaded.outcome
    title = f"{outcome.cell} on {outcome.task}: trial {outcome.digest} of the study {study}, from gatebench."
    files = plain_torch(loaded.network, title, path.name)
    difference = largest_plain_difference(files, loaded.network, _batches(loaded))
    return {path: files.weights, path.with_suffix(".py"): files.code.encode()}, difference


def _batches(loaded: "TrainedTrial") -> list["Batch"]:
    """Return batches of test examples of different sizes."""
    import torch

    test = loaded.problem.test
    starts = (0, CHECKED[0])
    return [
        test.batch(torch.arange(start, start + size) % len(test)) for start, size in zip(starts, CHECKED, strict=True)
    ]


def _write(files: dict[Path, bytes]) -> None:
    """Write files, with their folder. Files of the same names are replaced.

    Raises:
        UserError: a file cannot be written.
    """
    for path, content in files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            raise UserError(f"The file {path} cannot be written: {error.strerror or error}.") from None
