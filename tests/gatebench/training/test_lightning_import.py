"""The quick import of Lightning. Each test runs in a process of its own, because an import happens once."""

import json
import subprocess
import sys
from importlib import import_module
from typing import Any

import pytest

from gatebench.training import lightning_import

LARGE = ("scipy.signal", "matplotlib", "matplotlib.pyplot", "sympy", "torch._dynamo.eval_frame")

TRAIN = """
import hashlib, json, sys, tempfile
from pathlib import Path
from gatebench.training import run_trial
from gatebench.trial import Model, Training, Trial
task = {"_target_": "tasks.synthetic.parity.Parity", "training": 200, "validation": 50, "test": 50,
        "length": 8, "shortest_test": 9, "length_test": 12}
trial = Trial({"base": "lstm"}, task, Model(4), Training(max_epochs=2), seed=3)
with tempfile.TemporaryDirectory() as home:
    outcome = run_trial(trial, home=Path(home), data_root=None, emit=lambda epoch: None)
scores = {name: value for name, value in outcome.metrics.items() if not name.startswith("seconds")}
files = {name: hashlib.sha256(content).hexdigest() for name, content in outcome.files.items()}
from safetensors.torch import load
weights = load(outcome.files["weights.safetensors"])  # the order of the facts in the file is random
files["weights.safetensors"] = {name: tensor.tolist() for name, tensor in sorted(weights.items())}
"""


def run(code: str) -> Any:
    """Return the value that the code has written to `answer`, from a new process."""
    code = f"{code}\nimport json\nprint(json.dumps(answer))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_training_loads_none_of_the_large_modules_and_has_the_results_of_one_with_the_real_ones() -> None:
    code = f"{TRAIN}\nanswer = [[n for n in {LARGE} if n in sys.modules], outcome.status, scores, files]"
    loaded, status, *quick = run(code)
    assert (loaded, status) == ([], "finished")
    loaded_before, status, *plain = run(f"import pytorch_lightning\n{code}")
    assert "sympy" in loaded_before
    assert status == "finished"
    assert quick == plain
    assert quick[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    "statement",
    [
        "import torch._dynamo.config",
        "from torch._dynamo.utils import counters",
        "from torch._dynamo import eval_frame",
    ],
)
def test_the_compiler_of_torch_still_works(statement: str) -> None:
    code = f"""
{statement}
import torch, sys
torch.manual_seed(0)
layer = torch.nn.Linear(3, 2)
compiled = torch.compile(layer, backend="eager")
optimizer = torch.optim.Adam(layer.parameters())
compiled(torch.ones(4, 3)).sum().backward()
optimizer.step()
names = [name for name in sys.modules if name.startswith("torch._dynamo.") and name.count(".") == 2]
own = sys.modules["torch._dynamo"]
answer = [compiled(torch.ones(4, 3)).tolist(), isinstance(compiled, torch._dynamo.OptimizedModule),
          sorted(name for name in names if getattr(own, name.split(".")[2], None) is sys.modules[name]),
          torch._dynamo.config.__spec__.name]
"""
    assert run(f"import gatebench.training\n{code}") == run(code)


@pytest.mark.slow
def test_metrics_and_their_plots_still_work() -> None:
    code = """
import gatebench.training, torch, torchmetrics, sys, inspect
absent = "matplotlib" not in sys.modules
import matplotlib
matplotlib.use("svg")
metric = torchmetrics.MeanMetric()
metric.update(torch.tensor([1.0, 3.0]))
figure, axes = metric.plot()
from matplotlib.axes import Axes
import scipy.signal
answer = [absent, float(metric.compute()), isinstance(axes, Axes), hasattr(scipy.signal, "butter"),
          inspect.getmodule(torchmetrics.MeanMetric).__name__]
"""
    assert run(code) == [True, 2.0, True, True, "torchmetrics.aggregation"]


@pytest.mark.slow
def test_a_module_that_is_loaded_already_is_kept() -> None:
    code = """
import matplotlib.pyplot as plt, sys
import torch._dynamo as before
import gatebench.training
answer = [sys.modules["matplotlib.pyplot"] is plt, sys.modules["torch._dynamo"] is before]
"""
    assert run(code) == [True, True]


def test_lightning_reads_the_entry_points_of_installed_packages_once(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = import_module("lightning_fabric.utilities.registry")
    asked: list[str] = []

    def entry_points(*, group: str) -> list[object]:
        asked.append(group)
        return []

    monkeypatch.setattr(registry, "entry_points", entry_points)
    lightning_import._read_entry_points_once()
    assert registry._load_external_callbacks("a") == registry._load_external_callbacks("a") == []
    assert asked == ["a"]
