from math import inf, nan
from xml.etree import ElementTree

import numpy as np
import pytest

from gatebench.measures.gate_file import GateFile, SplitStatistics, UnitStatistics
from gatebench.report.figures.run_pictures import MOST_GATES, curves, gate_histograms
from gatebench.task import Metric

ACCURACY, LOSS = Metric("accuracy", "max"), Metric("loss", "min")


def texts(picture: str) -> list[str]:
    root = ElementTree.fromstring(picture)
    return [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]


def unit(counts: list[list[int]], edges: list[float], **shares: float) -> UnitStatistics:
    units = len(counts)
    arrays = {name: np.full(units, value) for name, value in shares.items()}
    return UnitStatistics(
        mean=np.linspace(0.2, 0.4, units),
        std=np.zeros(units),
        change=np.zeros(units),
        histogram=np.array(counts),
        edges=np.array(edges),
        left=arrays.get("left"),
        right=arrays.get("right"),
    )


def test_the_best_epoch_is_marked_by_the_direction_of_the_metric() -> None:
    epochs = [{"val/accuracy": 0.5, "train/loss": 2.0}, {"val/accuracy": 0.8}, {"val/accuracy": 0.7}]
    assert "best: 0.8 in epoch 1" in texts(curves("lstm", epochs, ACCURACY))
    epochs = [{"val/loss": 0.5}, {"val/loss": nan}, {"val/loss": 0.7}]
    assert "best: 0.5 in epoch 0" in texts(curves("lstm", epochs, LOSS))


def test_the_means_of_the_gates_are_named_by_role() -> None:
    epochs = [{"gate/l0/keep/1-z/mean": 0.5, "gate/l0/candidate/n/mean": 0.1, "gate/l0/keep/1-z/tau/p90": inf}] * 2
    words = texts(curves("gru", epochs, ACCURACY))
    assert "keep 1-z" in words
    assert not any("candidate" in word for word in words)
    epochs = [{"gate/l0/keep/f/mean": 0.5, "gate/l1/keep/f/mean": 0.6}]
    assert {"keep f l0", "keep f l1"} < set(texts(curves("lstm", epochs, ACCURACY)))


@pytest.mark.parametrize(
    "epochs", [[], [{}], [{"val/accuracy": nan, "train/loss": inf}], [{"val/accuracy": 0.3, "train/loss": 1.0}]]
)
def test_curves_of_short_and_diverged_trials_are_valid(epochs: list[dict[str, float]]) -> None:
    picture = curves("lstm", epochs, ACCURACY)
    assert "nan" not in picture
    assert {"validation accuracy", "training loss"} < set(texts(picture))


def test_a_histogram_shows_shares_of_all_units() -> None:
    gate = unit([[3, 1], [1, 3], [4, 0]], [0.0, 0.5, 1.0], left=0.25, right=0.5)
    file = GateFile(("keep/f", "write/1-f"), {"val": SplitStatistics(4, {(0, "f"): gate})})
    picture = gate_histograms("lstm", file)
    assert picture is not None
    words = texts(picture)
    assert "layer 0, f: keep (f), write (1 − f)" in words
    assert "mean 0.300; 25.0% < 0.1, 50.0% > 0.9" in words
    bars = [e for e in ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}rect") if e.get("x")]
    heights = [float(bar.get("height", "nan")) for bar in bars]
    assert heights[0] / heights[1] == pytest.approx(2.0, rel=0.01)


def test_open_ended_bins_are_drawn() -> None:
    gate = unit([[1, 2, 2, 1]], [-inf, -1.0, 0.0, 1.0, inf])
    picture = gate_histograms(
        "slstm", GateFile(("candidate/g",), {"test": SplitStatistics(6, {(1, "g"): gate})}), "test"
    )
    assert picture is not None
    assert "inf" not in picture
    assert "layer 1, g: candidate (g)" in texts(picture)


def test_an_empty_file_has_no_picture_and_an_empty_gate_is_drawn() -> None:
    assert gate_histograms("rnn", GateFile()) is None
    assert gate_histograms("rnn", GateFile(splits={"val": SplitStatistics(0)}), "test") is None
    gate = unit([[0, 0]], [0.0, 0.5, 1.0])
    assert gate_histograms("lstm", GateFile(splits={"val": SplitStatistics(0, {(0, "f"): gate})})) is not None


def test_the_gradient_over_the_lag_is_a_panel() -> None:
    file = GateFile(lags=np.arange(4.0), gradient_norms=np.array([1.0, 0.1, 0.0, nan]))
    picture = gate_histograms("rnn", file)
    assert picture is not None
    assert "log₁₀ ‖∂loss/∂h[t]‖" in texts(picture)


def test_a_picture_of_many_layers_is_limited() -> None:
    gates = {(layer, "f"): unit([[1, 1]], [0.0, 0.5, 1.0]) for layer in range(2 * MOST_GATES)}
    picture = gate_histograms("lstm", GateFile(splits={"val": SplitStatistics(1, gates)}))
    assert picture is not None
    assert sum(word.startswith("layer") for word in texts(picture)) == MOST_GATES
