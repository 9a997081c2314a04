"""The pictures in the run of a trial: the diagram of its cell, its curves, and the histograms of its gates.

The process that writes the records draws them, as SVG text, in a few milliseconds a trial.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from gatebench.cells import build_cell
from gatebench.diagram.diagram import diagram
from gatebench.diagram.svg import svg
from gatebench.measures import gate_file
from gatebench.outcome import Outcome
from gatebench.report.figures.run_pictures import curves, gate_histograms
from gatebench.spec.cell import Cell
from gatebench.trial import Trial

FOLDER = "pictures"


def trial_pictures(trial: Trial, outcome: Outcome, epochs: Sequence[Mapping[str, float]]) -> dict[str, bytes]:
    """Return the pictures of a trial as files of its run: {"pictures/cell.svg": b"<svg …"}.

    Args:
        trial: the trial. An architecture that is no cell has no diagram.
        outcome: its outcome. The gates are drawn if its files contain the gate arrays.
        epochs: the metrics of each of its epochs.
    """
    name = f"{outcome.cell} · {outcome.task} · seed {outcome.seed}"
    pictures, cell = {}, trial.build_compared()
    if isinstance(cell, Cell):
        pictures["cell"] = _cell_picture(outcome.cell, cell, trial.cell["base"])
    if epochs and outcome.metric is not None:
        pictures["curves"] = curves(name, epochs, outcome.metric)
    if content := outcome.files.get(gate_file.FILE_NAME):
        gates = gate_file.read(content)
        for split, words in (("val", "validation split, best epoch"), ("test", "test split, best weights")):
            if (picture := gate_histograms(f"{name}: gates on the {words}", gates, split)) is not None:
                pictures[f"gates_{split}"] = picture
    return {f"{FOLDER}/{file}.svg": text.encode() for file, text in pictures.items()}


@lru_cache(maxsize=256)
def _cell_picture(name: str, cell: Cell, base: str) -> str:
    """Return the diagram of a cell, with the parts of its base that an ablation removed.

    The name is a part of the key of the cache, because two cells are equal if their equations are.
    """
    del name
    return svg(diagram(cell, build_cell({"base": base})))
