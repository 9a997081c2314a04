"""The layout of the repository: who may import whom, and what has a test or a config of its own.

`ARROWS` is the whole picture: every package, and what it may import.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from inspect import isabstract
from pathlib import Path

import pytest
import yaml

from tests.paths import ROOT

SOURCES = sorted(path for top in ("gatebench", "tasks", "launch") for path in (ROOT / top).rglob("*.py"))

ARROWS: Mapping[str, tuple[str, ...]] = {
    # What a cell is, and what follows from it.
    "gatebench.errors": (),
    "gatebench.packages": ("gatebench.errors",),
    "gatebench.spec": ("gatebench.errors",),
    "gatebench.cells": ("gatebench.errors", "gatebench.packages", "gatebench.spec"),
    "gatebench.derive": ("gatebench.errors", "gatebench.spec"),
    "gatebench.diagram": ("gatebench.errors", "gatebench.spec"),
    # How a cell is run.
    "gatebench.machine": ("gatebench.errors",),
    "gatebench.backends.names": ("gatebench.errors", "gatebench.packages"),
    "gatebench.backends.fused.emit": ("gatebench.spec", "gatebench.derive"),
    "gatebench.backends": (
        "gatebench.errors",
        "gatebench.packages",
        "gatebench.device_copies",
        "gatebench.spec",
        "gatebench.cells",
        "gatebench.derive",
        "gatebench.machine",
    ),
    "gatebench.nn": (
        "gatebench.errors",
        "gatebench.setting_checks",
        "gatebench.spec",
        "gatebench.cells",
        "gatebench.derive",
        "gatebench.machine",
        "gatebench.backends",
    ),
    # The plain data that the packages exchange.
    "gatebench.task_modules": ("gatebench.errors", "gatebench.packages"),
    "gatebench.device_copies": (),
    "gatebench.views": (),
    "gatebench.module_export": (),
    "gatebench.own_input": ("gatebench.errors",),
    "gatebench.task": ("gatebench.errors", "gatebench.task_modules", "gatebench.views", "gatebench.own_input"),
    "gatebench.setting_checks": ("gatebench.errors",),
    "gatebench.lightning_targets": ("gatebench.errors", "gatebench.task_modules"),
    "gatebench.training_settings": (
        "gatebench.errors",
        "gatebench.setting_checks",
        "gatebench.backends.names",
        "gatebench.lightning_targets",
    ),
    "gatebench.architecture_checks": ("gatebench.errors", "gatebench.spec"),
    "gatebench.trial": (
        "gatebench.errors",
        "gatebench.architecture_checks",
        "gatebench.spec",
        "gatebench.cells",
        "gatebench.setting_checks",
        "gatebench.training_settings",
        "gatebench.task",
    ),
    "gatebench.network_frame": ("gatebench.errors", "gatebench.derive", "gatebench.task"),
    "gatebench.outcome": ("gatebench.task", "gatebench.trial"),
    "gatebench.published": ("gatebench.errors", "gatebench.packages", "gatebench.cells", "gatebench.task"),
    "gatebench.study": ("gatebench.errors", "gatebench.published"),
    "gatebench.search": ("gatebench.errors",),
    "gatebench.control": (),
    "gatebench.ranks": (),
    "gatebench.colours": (),
    # The packages that use them.
    "gatebench.measures": ("gatebench.errors", "gatebench.machine"),
    "gatebench.training": (
        "gatebench.errors",
        "gatebench.packages",
        "gatebench.device_copies",
        "gatebench.lightning_targets",
        "gatebench.network_frame",
        "gatebench.spec",
        "gatebench.derive",
        "gatebench.backends",
        "gatebench.nn",
        "gatebench.task",
        "gatebench.training_settings",
        "gatebench.trial",
        "gatebench.outcome",
        "gatebench.search",
        "gatebench.control",
        "gatebench.ranks",
        "gatebench.measures",
        "gatebench.machine",
    ),
    "gatebench.counted": (),
    "gatebench.records": (
        "gatebench.errors",
        "gatebench.counted",
        "gatebench.spec",
        "gatebench.derive",
        "gatebench.task",
        "gatebench.trial",
        "gatebench.outcome",
        "gatebench.study",
        "gatebench.colours",
    ),
    "gatebench.report": (
        "gatebench.errors",
        "gatebench.cells",
        "gatebench.task",
        "gatebench.views",
        "gatebench.outcome",
        "gatebench.study",
        "gatebench.published",
        "gatebench.search",
        "gatebench.colours",
        "gatebench.measures",
    ),
    "gatebench.saved": (
        "gatebench.errors",
        "gatebench.task",
        "gatebench.trial",
        "gatebench.outcome",
        "gatebench.study",
        "gatebench.nn",
        "gatebench.training",
        "gatebench.records",
        "gatebench.report",
    ),
    "gatebench.export": (
        "gatebench.errors",
        "gatebench.spec",
        "gatebench.derive",
        "gatebench.nn",
        "gatebench.task",
        "gatebench.module_export",
        "gatebench.training",
    ),
    "gatebench.speed": (
        "gatebench.errors",
        "gatebench.spec",
        "gatebench.cells",
        "gatebench.derive",
        "gatebench.backends",
        "gatebench.nn",
        "gatebench.machine",
        "gatebench.training_settings",
    ),
    # The tasks: each subject stands alone on the shared blocks and the access to data.
    "tasks.data": ("gatebench.errors",),
    "tasks.blocks": (
        "gatebench.errors",
        "gatebench.device_copies",
        "gatebench.task",
        "gatebench.module_export",
        "tasks.data",
    ),
    **{
        f"tasks.{subject}": (
            "gatebench.errors",
            "gatebench.device_copies",
            "gatebench.task",
            "gatebench.views",
            "gatebench.own_input",
            "gatebench.module_export",
            "tasks.data",
            "tasks.blocks",
        )
        for subject in ("synthetic", "images", "text", "speech", "series", "music")
    },
    "tasks.detection": (
        "gatebench.errors",
        "gatebench.device_copies",
        "gatebench.task",
        "gatebench.views",
        "tasks.data",
        "tasks.blocks",
        "tasks.images",
    ),
    "tasks.video": (
        "gatebench.module_export",
        "gatebench.errors",
        "gatebench.task",
        "gatebench.views",
        "tasks.data",
        "tasks.blocks",
        "tasks.images",
    ),
    "tasks.catalogue": ("tasks",),
    "tasks": (),
    # The command.
    "launch.events": ("gatebench.outcome",),
    "launch.display": (
        "gatebench.errors",
        "gatebench.derive",
        "gatebench.outcome",
        "gatebench.records",
        "gatebench.report",
        "gatebench.trial",
        "gatebench.views",
        "launch.events",
    ),
    "launch.config": ("gatebench", "tasks.data"),
    "launch.running": ("gatebench", "launch.config", "launch.display", "launch.events"),
    "launch": ("gatebench", "tasks"),
    "gatebench": ("gatebench.spec", "gatebench.cells", "gatebench.nn", "gatebench.saved"),
}
"""Each package or module, and what it may import besides itself. The longest name that fits a module counts."""

ONLY_IN = {
    "hydra": "launch/config",
    "omegaconf": "launch/config",
    "ray": "launch/running",
    "optuna": "gatebench/search",
    "mlflow": "gatebench/records",
    "flask": "gatebench/records",
    "onnx": "gatebench/export",
    "onnxruntime": "gatebench/export",
    "fastapi": "gatebench/records",
    "matplotlib": "gatebench/report/figures",
    "sqlalchemy": "gatebench/records",
    "uvicorn": "gatebench/records",
    "pytorch_lightning": "gatebench/training",
    "torchaudio": "tasks/speech",
    "soundfile": "tasks/speech",
    "PIL": "tasks/images",
    "torchmetrics": "tasks/video",
    "pycocotools": "tasks/detection",
    "sacrebleu": "tasks/text",
    "tokenizers": "tasks/text",
}
"""A framework, and the one place that may import it."""

WITHOUT_TORCH = [
    "launch.main",
    "launch.plan",
    "launch.table",
    "launch.cells",
    "launch.data",
    "gatebench.trial",
    "gatebench.records.record",
    "tasks.catalogue",
]
"""Modules that plans and tables need, so they must not import torch, which takes seconds."""


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module(path): path for path in SOURCES}


@cache
def imported(path: Path) -> frozenset[str]:
    """Return the names that a file imports, wherever in the file: in functions and for type checking, too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            assert node.module is not None
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


@cache
def ours(path: Path) -> frozenset[str]:
    """Return the modules of this repository that a file imports; of `from a import b`, b where that is a module."""
    found = imported(path) & MODULES.keys()
    return frozenset(name for name in found if not any(other.startswith(f"{name}.") for other in found))


def inside(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def package_of(name: str) -> str:
    """Return the entry of `ARROWS` that a module belongs to."""
    return next(package for package in sorted(ARROWS, key=len, reverse=True) if inside(name, package))


def test_the_arrows_themselves_form_no_circle() -> None:
    graph = {name: {package_of(other) for other in others} for name, others in ARROWS.items() if name != "gatebench"}
    TopologicalSorter({name: others - {name} for name, others in graph.items()}).prepare()


def test_imports_follow_the_arrows() -> None:
    wrong = []
    for name in MODULES:
        package = package_of(name)
        allowed = (package, *ARROWS[package])
        others = {other for other in ours(MODULES[name]) if not any(inside(other, one) for one in allowed)}
        wrong += [f"{name} imports {other}, but {package} may import only {', '.join(allowed)}" for other in others]
    assert not wrong


def test_no_import_closes_a_circle() -> None:
    """Imports for type checking count, too: whoever reads one module must not need to know the other first."""
    graph = {name: ours(path) - {name} for name, path in MODULES.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' → '.join(error.args[1])}")


def test_each_framework_has_one_place() -> None:
    wrong = []
    for path in SOURCES:
        here = path.relative_to(ROOT).as_posix()
        for name in imported(path):
            place = ONLY_IN.get(name.split(".")[0])
            if place is not None and not here.startswith(place):
                wrong.append(f"{here} imports {name}, which belongs in {place}")
    assert not wrong


def test_no_module_for_odds_and_ends() -> None:
    vague = {"utils", "util", "common", "helpers", "base", "misc"}
    names = [path.relative_to(ROOT).with_suffix("") for path in SOURCES]
    assert not [name for name in names if vague & {part.lower() for part in name.parts}]


def test_plans_and_tables_import_no_torch_and_no_optuna() -> None:
    code = f"""
import sys
from importlib import import_module
for name in {WITHOUT_TORCH}:
    import_module(name)
    if "torch" in sys.modules:
        sys.exit(f"{{name}} imports torch")
from launch.config.compose import expand
expand(["model.dropout=interval(0,0.5)", "trials=2"])
if "optuna" in sys.modules:
    sys.exit("a plan of random draws imports Optuna")
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def classes(path: Path) -> Iterator[ast.ClassDef]:
    return (node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.ClassDef))


def test_a_class_name_has_one_meaning() -> None:
    """A public class name stands for one class in all of gatebench, tasks and launch."""
    places: dict[str, list[str]] = {}
    for name, path in MODULES.items():
        for node in classes(path):
            if not node.name.startswith("_"):
                places.setdefault(node.name, []).append(name)
    assert not {name: where for name, where in places.items() if len(where) > 1}


def has_logic(path: Path) -> bool:
    """Return whether a file has a function that does something; tables and protocols are covered by the contracts."""
    functions = (n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.FunctionDef))
    return any(
        not all(isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant) for s in f.body) for f in functions
    )


def test_every_module_has_its_test_at_the_same_place() -> None:
    missing = []
    for path in filter(has_logic, SOURCES):
        parts = path.relative_to(ROOT).parts
        mirror = ROOT.joinpath("tests", *parts[:-1], f"test_{path.name}")
        if path.name != "__init__.py" and not mirror.exists():
            missing.append(mirror.relative_to(ROOT).as_posix())
    assert not missing


def test_every_folder_of_tests_mirrors_a_folder_of_sources() -> None:
    own = {"contracts", "torture", "witness"}
    folders = {path.parent.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("*.py")}
    astray = [f.as_posix() for f in folders if f.parts and f.parts[0] not in own and not (ROOT / f).is_dir()]
    assert not astray


def test_every_base_cell_has_a_config_and_every_config_a_base() -> None:
    from gatebench.cells import BASES, cell_names, load_cell

    assert set(BASES) <= set(cell_names())
    for name in cell_names():
        assert load_cell(name).name == name


def test_every_task_config_names_a_task_and_every_task_has_a_config() -> None:
    from gatebench.task import Task, build_task

    targets = set()
    for path in sorted((ROOT / "conf" / "task").glob("*.yaml")):
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
        task = build_task(config)
        targets.add(type(task))
        assert set(config) == {"_target_", *(f.name for f in fields(task))}, f"{path.name} must show every parameter"
        assert task.title
        assert task.licence
        assert task.protocol
    declared = {
        getattr(import_module(name), node.name)
        for name, path in MODULES.items()
        if inside(name, "tasks")
        for node in classes(path)
    }
    assert {kind for kind in declared if issubclass(kind, Task) and not isabstract(kind)} == targets
