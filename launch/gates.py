"""Show what the gates of a trained network do on one example: in the terminal, and as one HTML page.

  gatebench gates experiment=quickstart cell=lstm seed=0 example=3
  gatebench gates task=sst2 cell=lstm study=mine text="a film that is never dull"
  gatebench gates task=speech_commands cell=lstm study=mine file=clip.wav

The network is that of a trial in the records. If neither the settings nor `digest=` names a trial of the study, it is
the trial with the best validation score among those that have the given settings: `study=mine cell=lstm` is enough.

The example is one of the test set, or an input of your own: `text=`, or `file=` with a wav file, an image, a CSV file
or a text, as the task reads it. `page=` is the name of the page; without it, the page is written below the home.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gatebench.errors import UserError
from gatebench.own_input import OwnInput
from gatebench.report.gates_page.page import GatesPage, gates_page
from gatebench.report.gates_page.payload import GateValues
from gatebench.task import Example, Problem, Task
from gatebench.trial import Trial
from launch.chosen_trial import recorded_trial
from launch.config.arguments import parse_plan
from launch.config.compose import Plan
from launch.config.settings import Settings
from launch.display.gates_text import gates_text
from launch.display.terminal_width import terminal_width
from launch.running.search_past import past_trials
from launch.written_page import page_path, write_page

if TYPE_CHECKING:
    from gatebench.training.example_gates import ExampleGates


def run(argv: Sequence[str]) -> int:
    """Print the gates, write the page, and return 0.

    Raises:
        UserError: the records have no such trial, or no weights of it, or the example cannot be read.
    """
    plan = parse_plan("gates", __doc__, argv, read_past=past_trials)
    if plan is None:
        return 0
    given = _given(plan.settings)
    trial, weights, choice = _trained(plan)
    _show(trial, plan.settings, weights, given, choice)
    return 0


def _given(settings: Settings) -> OwnInput | None:
    """Return the user's own input; None for an example of the test set."""
    if settings.text is not None and settings.file is not None:
        raise UserError("text and file are both set; give one of them.")
    if settings.text is None and settings.file is None:
        return None
    return OwnInput(settings.text, Path(settings.file).expanduser() if settings.file is not None else None)


def _trained(plan: Plan) -> tuple[Trial, bytes, str]:
    """Return the trial that is shown, its kept weights, and a sentence about its choice; "" if the settings name it.

    Raises:
        UserError: there are no records, no such study, no such trial in it, or no weights.
    """
    chosen, settings = recorded_trial(plan), plan.settings
    from gatebench.records.kept_network import kept_network  # imports MLflow, which takes a second
    from gatebench.records.record import Record
    from gatebench.saved.trained_trial import trial_of  # imports torch

    record = Record(settings.home_folder, settings.one_study, settings.records_uri)
    kept = kept_network(record, chosen.outcome.digest)
    return trial_of(kept.config, chosen.outcome.digest), kept.weights, chosen.sentence


def _example(task: Task, problem: Problem, settings: Settings, given: OwnInput | None, cache: Path) -> Example:
    """Return the user's input, or an example of the test set."""
    if given is not None:
        return task.own_example(problem, given, settings.data_folder, cache)
    return task.example(problem, settings.example, settings.data_folder, cache)


def _name(settings: Settings, given: OwnInput | None) -> str:
    """Return the name of the example in the title."""
    if given is None:
        return f"test example {settings.example}"
    return "own text" if given.file is None else given.file.name


def _page_path(settings: Settings, trial: Trial, given: OwnInput | None) -> Path:
    """Return the path of the page."""
    name = f"example{settings.example}" if given is None else f"own_{given.key}"
    return page_path(settings, settings.home_folder.root / "gates" / f"{trial.digest}_{name}.html")


def page_of(trial: Trial, task: Task, example: Example, gates: ExampleGates, name: str) -> GatesPage:
    """Return the content of the page.

    Args:
        trial: the trial.
        task: its task.
        example: the example.
        gates: the gates of the trained network on it.
        name: the name of the example.
    """
    shown = [role for role in gates.roles if role.fixed is None]
    layers = [
        [GateValues(role.label, role.unit, gates.values(layer, role)) for role in shown]
        for layer in range(len(gates.layers))
    ]
    facts = {"right answer": example.target} if example.target else {}
    if gates.answers:
        answer, probability = gates.answers[0]
        facts["the network's answer"] = f"{answer} ({100 * probability:.1f} %)"
    fixed = [f"{role.label} is {role.fixed:g}" for role in gates.roles if role.fixed is not None]
    notes = [*example.notes, *([f"Not shown, because an ablation fixed them: {', '.join(fixed)}."] if fixed else [])]
    title = f"{trial.build_cell().name} · {task.label} · seed {trial.seed} · {name}"
    return GatesPage(
        title, facts, notes, gates.answers, example.view, layers, gates.directions, gates.parts, example.part_views
    )


def _show(trial: Trial, settings: Settings, weights: bytes, given: OwnInput | None, choice: str) -> None:
    from gatebench.training.example_gates import example_gates  # imports torch
    from gatebench.training.trained_network import trained_network

    trial.build_cell()  # an architecture that is no cell has no gates
    task = trial.build_task()
    cache = settings.home_folder.root / "cache"
    problem = task.load(settings.data_folder, cache)
    network = trained_network(trial, problem, weights)
    example = _example(task, problem, settings, given, cache)
    gates = example_gates(network, trial, example, task.answers)
    page = page_of(trial, task, example, gates, _name(settings, given))
    path = _page_path(settings, trial, given)
    write_page(path, gates_page(page))

    print(page.title)
    if choice:
        print(choice)
    for name, value in page.facts.items():
        print(f"{name}: {value}")
    for note in page.notes:
        print(note)
    colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    print(f"\n{gates_text(page, terminal_width(), colours=colours)}\n")
    print(f"The page with all units: {path}")
