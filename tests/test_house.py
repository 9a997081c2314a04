"""The house itself: imports point one way, each framework stands in one room, and conf/ mirrors the code."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from inspect import isabstract
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
SOURCES = sorted(p for room in ("gatebench", "tasks", "launch") for p in (ROOT / room).rglob("*.py"))

# A room may import itself and what stands to the right of it.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "gatebench.errors": (),
    "gatebench.expression": ("gatebench.errors",),
    "gatebench.formula": ("gatebench.errors", "gatebench.expression"),
    "gatebench.rules": ("gatebench.errors", "gatebench.expression"),
    "gatebench.order": ("gatebench.errors", "gatebench.expression"),
    "gatebench.widths": ("gatebench.errors", "gatebench.expression", "gatebench.order"),
    "gatebench.gate": ("gatebench.errors", "gatebench.expression", "gatebench.formula", "gatebench.rules"),
}
MAY_IMPORT["gatebench.definitions"] = tuple(MAY_IMPORT)
MAY_IMPORT["gatebench.spec"] = tuple(MAY_IMPORT)
SPINE = tuple(MAY_IMPORT)
MAY_IMPORT |= {
    "gatebench.cells": SPINE,
    "gatebench.derive": SPINE,
    "gatebench.backends": (*SPINE, "gatebench.derive", "gatebench.cells"),
    "gatebench.start": (*SPINE, "gatebench.derive"),
    "gatebench.layer": (*SPINE, "gatebench.derive", "gatebench.backends", "gatebench.start"),
    "gatebench.task": ("gatebench.errors",),
    "gatebench.outcome": (),
    "gatebench.gates": (),
    "gatebench.facts": (),
    "gatebench.trial": (*SPINE, "gatebench.cells", "gatebench.task"),
    "tasks": ("gatebench.errors", "gatebench.task"),
}

ONLY_IN = {  # a framework, and where alone it may be imported
    "hydra": "launch",
    "omegaconf": "launch",
    "ray": "launch",
    "mlflow": "gatebench/record",
    "pytorch_lightning": "gatebench/training",
    "matplotlib": "gatebench/report",
}

WITHOUT_TORCH = [
    "launch.main",
    "launch.plan",
    "launch.table",
    "launch.cells",
    "launch.data",
    "gatebench.trial",
    "gatebench.record",
]


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports, however deep inside its functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def inside(name: str, room: str) -> bool:
    return name == room or name.startswith(f"{room}.")


@pytest.mark.parametrize("path", SOURCES, ids=module)
def test_imports_point_one_way(path: Path) -> None:
    room = next((r for r in sorted(MAY_IMPORT, key=len, reverse=True) if inside(module(path), r)), None)
    ours = {name for name in imported(path) if name.split(".")[0] in ("gatebench", "tasks", "launch")}
    if inside(module(path), "gatebench"):
        assert not {n for n in ours if inside(n, "launch") or inside(n, "tasks")}, (
            "the library must not know who uses it"
        )
    if room is not None:
        allowed = (room, *MAY_IMPORT[room])
        wrong = {n for n in ours if n != "gatebench" and not any(inside(n, a) for a in allowed) and "." in n}
        known = {module(p) for p in SOURCES}
        assert not {n for n in wrong if n in known}, f"{module(path)} may import only {allowed}"


@pytest.mark.parametrize("path", SOURCES, ids=module)
def test_each_framework_stands_in_one_room(path: Path) -> None:
    here = path.relative_to(ROOT).as_posix()
    for name in imported(path):
        home = ONLY_IN.get(name.split(".")[0])
        assert home is None or here.startswith(home), f"{here} imports {name}, which belongs in {home}"


@pytest.mark.parametrize("path", SOURCES, ids=module)
def test_no_room_for_odds_and_ends(path: Path) -> None:
    assert not {"utils", "util", "common", "helpers", "base", "misc"} & {
        part.lower() for part in path.with_suffix("").parts
    }


@pytest.mark.parametrize("name", WITHOUT_TORCH)
def test_plans_and_tables_import_no_torch(name: str) -> None:
    code = f"import sys, {name}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def classes(path: Path) -> Iterator[ast.ClassDef]:
    return (n for n in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(n, ast.ClassDef))


def has_logic(path: Path) -> bool:
    """Return whether a file has a function that does something; tables and protocols are covered by the contracts."""
    functions = (n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.FunctionDef))
    return any(
        not all(isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant) for s in f.body) for f in functions
    )


def test_every_source_has_a_mirror_among_the_tests() -> None:
    missing = []
    for path in filter(has_logic, SOURCES):
        parts = path.relative_to(ROOT).parts
        inner = parts[1:] if parts[0] == "gatebench" else parts
        mirror = ROOT.joinpath("tests", *inner[:-1], f"test_{path.name}")
        if path.name != "__init__.py" and not mirror.exists():
            missing.append(mirror.relative_to(ROOT).as_posix())
    assert not missing


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
        assert set(config) == {"_target_", *task.parameters()}, f"{path.name} must show every parameter"
        assert task.title
        assert task.licence
        assert task.protocol
    declared = {
        getattr(import_module(module(p)), n.name) for p in SOURCES if inside(module(p), "tasks") for n in classes(p)
    }
    assert {kind for kind in declared if issubclass(kind, Task) and not isabstract(kind)} == targets
