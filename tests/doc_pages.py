"""Writes the generated parts of the pages in `docs/`, or prints the pages that differ from them.

  python -m tests.doc_pages            prints the pages that are out of date
  python -m tests.doc_pages --write    writes them

Exit code 1: a page is out of date.

A generated part stands between the comments `<!-- NAME: generated -->` and `<!-- /NAME -->`. Everything else on the
pages is written by hand. `PAGES` lists the parts.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from gatebench.backends.contract import Workload
from gatebench.backends.registry import BACKENDS
from gatebench.cells import cell_names, load_cell
from gatebench.derive.equations import plain_text
from gatebench.spec.cell import Cell
from gatebench.spec.expression import spell
from gatebench.spec.initial_rules import Bias
from gatebench.task import Metric, Task, build_task
from launch import cells as cells_command
from tasks.catalogue import DATASETS
from tasks.data.datasets import Dataset
from tests.paths import ROOT

ARROWS = {"max": "↑", "min": "↓"}
"""The sign for the better direction of a metric."""


def markdown_table(rows: Sequence[Sequence[str]], sides: str) -> str:
    """Return a Markdown table, the head first. `sides` is "l", "c" or "r" for each column."""
    rules = [{"l": "---", "c": ":---:", "r": "---:"}[side] for side in sides]
    lines = [rows[0], rules, *rows[1:]]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def code(text: str, language: str = "text") -> str:
    """Return a fenced block."""
    return f"```{language}\n{text.strip()}\n```"


# Cells


def cell_table() -> str:
    """Return the table that `gatebench cells format=markdown` prints, each name with a link to its section."""
    return re.sub(r"^\| `(\w+)` \|", r"| [`\1`](#\1) |", cells_command.markdown(), flags=re.MULTILINE)


def cell_sections() -> str:
    """Return a section for each cell: source, ablation, roles, initial weights, note, equations."""
    return "\n\n".join(cell_section(name) for name in cell_names())


def cell_section(name: str) -> str:
    """Return the section of one cell."""
    cell = load_cell(name)
    config = yaml.safe_load((ROOT / "conf" / "cell" / f"{name}.yaml").read_text(encoding="utf-8"))
    lines = [f"Source: {cell.source}."]
    if config["base"] != name:
        changes = ", ".join(f"`{change}`" for change in spelled_changes(config)) or "nothing"
        lines.append(f"Base: [`{config['base']}`](#{config['base']}), changed by {changes}.")
    lines.append(f"Roles: {cells_command.roles_text(cell)}.")
    lines.append(f"Initial weights: {initial_weights(cell)}.")
    if cell.note:
        lines.append(f"Note: {cell.note}")
    items = "\n".join(f"- {line}" for line in lines)
    return f"### {name}\n\n{items}\n\n{code(plain_text(cell))}"


def spelled_changes(config: Mapping[str, Any]) -> list[str]:
    """Return the changes of a cell's config as they are written on the command line."""
    changes = []
    for gate, operations in (config.get("ablate") or {}).items():
        for operation, value in operations.items():
            if isinstance(value, Mapping):
                changes += [f"{gate}.{operation}.{term}={spelled(given)}" for term, given in value.items()]
            else:
                changes.append(f"{gate}.{operation}={spelled(value)}")
    return changes + [f"start.{letter}={rule}" for letter, rule in (config.get("start") or {}).items()]


def spelled(value: object) -> str:
    """Return a value of a cell's config as it is written on the command line."""
    if value is None or value is False:
        return "off"
    if value is True:
        return "on"
    return f"[{','.join(map(str, value))}]" if isinstance(value, list) else str(value)


def initial_weights(cell: Cell) -> str:
    """Return in words how the weights and the states of a cell start."""
    rules = {"W": "uniform", "R": "uniform", "p": "uniform"} | dict(cell.start)
    letters = [letter for letter in rules if any(weight.startswith(f"{letter}.") for weight in cell.parameters)]
    by_rule: dict[str, list[str]] = {}
    for letter in letters:
        by_rule.setdefault(rules[letter], []).append(letter)
    parts = [f"{', '.join(group)} {rule}" for rule, group in by_rule.items()]
    biases = {gate: row.bias for gate, row in cell.gates.items() if f"b.{gate}" in cell.parameters}
    parts += [f"b.{gate} = {spelled_bias(bias)}" for gate, bias in biases.items() if bias != 0]
    if any(weight[0] in "bd" for weight in cell.parameters):
        parts.append("other biases 0" if any(biases.values()) else "biases 0")
    parts += [f"{state}[0] = {spell(value)}" for state, value in cell.initial.items() if value]
    return "; ".join(parts)


def spelled_bias(bias: Bias) -> str:
    """Return an initial bias in words."""
    if isinstance(bias, str) and bias.startswith("-"):
        return f"-b.{bias[1:]}"
    return spell(bias) if isinstance(bias, float) else str(bias)


# Tasks


@cache
def task_configs() -> dict[str, tuple[str, Task]]:
    """Return the text of each config in `conf/task` and its task, by the config's name."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted((ROOT / "conf" / "task").glob("*.yaml"))}
    return {name: (text, build_task(yaml.safe_load(text))) for name, text in texts.items()}


def task_table() -> str:
    """Return the table of all tasks."""
    rows = [["task", "title", "metric", "chance", "training examples", "T", "I", "data", "licence"]]
    for name, (_, task) in task_configs().items():
        size = task.size()
        sizes = [f"{n:,}" for n in (size.examples, size.steps, size.inputs)] if size else ["–"] * 3
        rows.append(
            [
                f"[`{name}`](#{name})",
                task.title,
                arrowed(task.metrics[0]),
                score(task.chance),
                *sizes,
                ", ".join(f"`{dataset.name}`" for dataset in datasets_of(task)) or "–",
                task.licence,
            ]
        )
    return markdown_table(rows, "lllrrrrll")


def arrowed(metric: Metric) -> str:
    """Return a metric's name and unit, with the arrow of its better direction."""
    unit = f" ({metric.unit})" if metric.unit else ""
    return f"{metric.name}{unit} {ARROWS[metric.direction]}"


def score(value: float) -> str:
    """Return a score with four significant digits."""
    return f"{value:.4g}"


def datasets_of(task: Task) -> list[Dataset]:
    """Return the data sets that a task can read."""
    return [dataset for dataset in DATASETS.values() if task.name in dataset.tasks]


def experiments_of(config: str) -> list[str]:
    """Return the experiments whose default task is the config."""
    paths = sorted((ROOT / "conf" / "experiment").glob("*.yaml"))
    defaults = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")).get("defaults", []) for path in paths}
    return [name for name, entries in defaults.items() if {"override /task": config} in entries]


def task_sections() -> str:
    """Return a section for each task: prediction, metrics, protocol, data, parameters."""
    return "\n\n".join(task_section(name, text, task) for name, (text, task) in task_configs().items())


def task_section(name: str, text: str, task: Task) -> str:
    """Return the section of one task."""
    comments, parameters = split_header(text)
    best = "" if task.optimum is None else f"; without mistakes: {score(task.optimum)}"
    lines = [
        f"Metrics: {', '.join(map(arrowed, task.metrics))}. Chance of the first: {score(task.chance)}{best}.",
        f"Protocol: {task.protocol}",
        f"Licence of the data: {task.licence}.",
    ]
    if datasets := datasets_of(task):
        lines.append(f"Data sets: {'; '.join(f'`{dataset.name}` ({dataset.title})' for dataset in datasets)}.")
    if experiments := experiments_of(name):
        lines.append(f"Experiments: {', '.join(f'`experiment={experiment}`' for experiment in experiments)}.")
    items = "\n".join(f"- {line}" for line in lines)
    return f"### {name}\n\n{comments}\n\n{items}\n\n{code(parameters, 'yaml')}"


def split_header(text: str) -> tuple[str, str]:
    """Return the comment at the head of a config as prose, and the parameters below `_target_`."""
    lines = text.splitlines()
    head = [line for line in lines if line.startswith("#")]
    rest = [line for line in lines if not line.startswith(("#", "_target_"))]
    return " ".join(line.removeprefix("#").strip() for line in head), "\n".join(rest)


# Backends

PROBES: Mapping[str, tuple[str, Workload]] = {
    "`lstm`, float32, CPU": ("lstm", Workload(3, 2, 4, 4)),
    "`lstm` without its input gate": ("lstm_no_input", Workload(3, 2, 4, 4)),
    "`mingru`, affine in its state": ("mingru", Workload(3, 2, 4, 4)),
    "`lstm`, gates recorded": ("lstm", Workload(3, 2, 4, 4, trace=True)),
    "`lstm`, float64": ("lstm", Workload(3, 2, 4, 4, "float64")),
    "`lstm`, float16": ("lstm", Workload(3, 2, 4, 4, "float16")),
    "`lstm`, on a GPU": ("lstm", Workload(3, 2, 4, 4, device="cuda")),
    "`lstm`, a sequence of length 0": ("lstm", Workload(3, 2, 4, 4, shortest=0)),
    "no sequence (B = 0)": ("lstm", Workload(3, 0, 4, 4)),
}
"""Cases with a cell and a workload, for which every backend is asked whether it refuses. T is 3, B 2, I and H are 4."""


@cache
def refusals(backend: str) -> dict[str, str | None]:
    """Return a backend's refusal of each probe, or None. On a machine without a C compiler, two backends refuse all."""
    return {label: BACKENDS[backend].refuses(load_cell(cell), work) for label, (cell, work) in PROBES.items()}


def backend_table() -> str:
    """Return the table of backends and their descriptions, in the order in which "auto" asks them."""
    rows = [["backend", "implementation"]]
    rows += [[f"[`{name}`](#{name})", backend.DESCRIPTION] for name, backend in BACKENDS.items()]
    return markdown_table(rows, "ll")


def refusal_table() -> str:
    """Return the table of probes: which backend runs which of them."""
    rows = [["case", *(f"`{name}`" for name in BACKENDS)]]
    for label in PROBES:
        rows.append([label, *("refuses" if refusals(name)[label] else "runs" for name in BACKENDS)])
    return markdown_table(rows, "l" + "c" * len(BACKENDS))


def refusal_sections() -> str:
    """Return a section for each backend with the sentences of its refusals."""
    return "\n\n".join(refusal_section(name) for name in BACKENDS)


def refusal_section(name: str) -> str:
    """Return the section of one backend."""
    sentences = list(dict.fromkeys(reason for reason in refusals(name).values() if reason))
    refused = "\n".join(f"- {sentence}" for sentence in sentences)
    said = f"Refusals among the cases above:\n\n{refused}" if sentences else "It refuses none of the cases above."
    return f"### {name}\n\nImplementation: {BACKENDS[name].DESCRIPTION}.\n\n{said}"


PAGES: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "cells.md": {"cell-table": cell_table, "cell-sections": cell_sections},
    "tasks.md": {"task-table": task_table, "task-sections": task_sections},
    "backends.md": {
        "backend-table": backend_table,
        "refusal-table": refusal_table,
        "refusal-sections": refusal_sections,
    },
}
"""The generated parts of each page of `docs/`: their names, and the functions that return their text."""


def generated(page: str, text: str) -> str:
    """Return a page's text with its generated parts renewed.

    Raises:
        ValueError: the page has lost the comments around a part.
    """
    for part, content in PAGES[page].items():
        start, end = f"<!-- {part}: generated -->", f"<!-- /{part} -->"
        pattern = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
        if len(pattern.findall(text)) != 1:
            raise ValueError(f"{page} must have {start} and {end} once")
        new = f"{start}\n\n{content()}\n\n{end}"
        text = pattern.sub(lambda _, new=new: new, text)  # type: ignore[misc]
    return text


def outdated(folder: Path, write: bool = False) -> list[str]:
    """Return the names of the pages in a folder that differ from the generated ones, and write them if `write`."""
    found = []
    for page in PAGES:
        path = folder / page
        text = path.read_text(encoding="utf-8")
        if (new := generated(page, text)) != text:
            found.append(page)
            if write:
                path.write_text(new, encoding="utf-8")
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Print or write the pages that are out of date; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.doc_pages", description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write the pages")
    write = parser.parse_args(argv).write
    pages = outdated(ROOT / "docs", write)
    for page in pages:
        print(f"docs/{page} {'is written' if write else 'is out of date'}")
    return int(bool(pages) and not write)


if __name__ == "__main__":
    sys.exit(main())
