"""Show the trials of a sweep: their digests, their states, and the cost of those still to run.

Below them are the declaration of the study and, if the plan has too few seeds or draws for its comparisons, the number
that they need.

  gatebench plan experiment=quickstart
  gatebench plan cell=lstm,gru 'seed=range(0,5)'
  gatebench plan cell=lstm,gru trials=20 'training.learning_rate=tag(log,interval(1e-5,1e-2))'

If settings are drawn, the distribution of each drawn key and its values are shown.
"""

import os
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from math import ceil
from statistics import fmean
from typing import Any

from gatebench.derive.architecture_cost import architecture_flops
from gatebench.derive.cost import pointwise_flops, product_flops
from gatebench.measures.power import seeds_needed
from gatebench.outcome import Outcome
from gatebench.records import mlflow_entry
from gatebench.search.stopping import NO_STOP
from gatebench.spec.architecture import Architecture
from gatebench.spec.cell import Cell
from gatebench.study import Study
from gatebench.trial import Trial
from launch.config.arguments import parse_plan
from launch.config.batches import has_batches
from launch.config.compose import Plan
from launch.config.replica_count import replicas_sentence
from launch.declaration import check_declaration
from launch.display.text_columns import align
from launch.known_refusals import known_refusals
from launch.running.known_outcomes import known_study, refusal_sentence, refusals, trials_to_run
from launch.running.missing_records import existing_studies
from launch.running.open_trials import open_trials
from launch.running.search_past import past_trials
from launch.running.states import states_of, summary
from launch.search_sentences import following_sentence, frozen_sentence, stopped_sentence

BACKWARD = 2
"""The cost of the gradients, as a multiple of the cost of the forward computation. It is an estimate."""


def run(argv: Sequence[str]) -> int:
    """Print the plan and return 0."""
    plan = parse_plan("plan", __doc__, argv, read_past=past_trials)
    if plan is None:
        return 0
    settings = plan.settings
    known = known_study(settings, settings.one_study)
    study, outcomes = check_declaration(plan, known), known.outcomes
    impossible = known_refusals(plan.trials, settings)
    remaining = [
        trial
        for trial in trials_to_run(plan.runnable, outcomes, force=settings.force)
        if trial.digest not in impossible
    ]
    running = open_trials(settings, study.name).digests
    states = states_of([trial.digest for trial in plan.trials], [] if settings.force else outcomes, running)
    states |= {digest: "refused" for digest in impossible if states[digest] == "planned"}
    drawn = drawn_columns(plan)
    rows = [("digest", "trial", *drawn, "GFLOP", "state")]
    for trial in plan.trials:
        name, flops = mlflow_entry.run_name(trial), _gflop(training_flops(trial))
        name = f"{', '.join(plan.labels[trial.digest])}: {name}" if plan.arms else name
        values = (column[trial.digest] for column in drawn.values())
        rows.append((trial.digest, name, *values, flops, states[trial.digest]))
    print(align(rows, "ll" + "r" * len(drawn) + "rl"))
    if plan.search:
        print("\n" + "\n".join(search_lines(plan)))
    print(f"\n{len(plan.trials)} trials in the study {study.name!r}: {summary(states.values())}.")
    for sentence in dict.fromkeys(impossible.values()):
        print(sentence)
    if refused := refusals(plan.trials, outcomes, force=settings.force):
        print(refusal_sentence(refused))
    if (stopped := stopped_sentence(one for one in outcomes if one.digest in states)) is not None:
        print(stopped)
    if plan.frozen and not settings.force:
        print(frozen_sentence(plan))
    if plan.following:
        print(following_sentence(plan))
    if known.declaration is None and plan.keys & {"study", "home"}:
        print(f"The study {study.name!r} is new. {existing_studies(settings)}")
    if remaining:
        print(_cost(remaining, outcomes, settings.workers or os.cpu_count() or 1))
    if (shared := replicas_sentence(settings.replicas, (trial.training for trial in plan.trials))) is not None:
        print(shared)
    for line in [*size_lines(plan), *architecture_lines(plan)]:
        print(line)
    study = study.limited_to([*plan.cells, *plan.cells.values()])
    print("\n".join(["", *declaration_lines(study), *power_lines(plan, study)]))
    return 0


def size_lines(plan: Plan) -> list[str]:
    """Return a line for each number of parameters and task with the hidden sizes that were solved for it."""
    found: dict[tuple[int, str], list[str]] = {}
    layers = {size.num_layers for size in plan.sizes}
    for size in plan.sizes:
        stacked = f" in {size.num_layers} layer{'s' if size.num_layers > 1 else ''}" if len(layers) > 1 else ""
        deviation = f"{100 * (size.parameters / size.budget - 1):+.1f} %".replace("-", "−")
        text = f"{size.cell} {size.hidden_size}{stacked} ({size.parameters:,}, {deviation})"
        found.setdefault((size.budget, size.task), []).append(text)
    return [
        f"Hidden sizes for {budget:,} parameters on {task}: {', '.join(texts)}."
        for (budget, task), texts in found.items()
    ]


def architecture_lines(plan: Plan) -> list[str]:
    """Return a line with the architectures of a plan that are no cells; none if all trials have a cell."""
    compared = [trial.build_compared() for trial in plan.trials]
    names = dict.fromkeys(one.name for one in compared if isinstance(one, Architecture))
    return [f"Not cells, without gates: {', '.join(names)}."] if names else []


def drawn_columns(plan: Plan) -> dict[str, dict[str, str]]:
    """Return {heading: {digest of a trial: value}} of the drawn keys. A key without an effect has the value "–".

    The heading is the last part of the key, or the whole key if another one ends in the same way.
    """
    names = Counter(key.rpartition(".")[2] for key in plan.search)
    columns = {}
    for key in plan.search:
        name = key.rpartition(".")[2]
        columns[name if names[name] == 1 else key] = {
            trial.digest: "–" if key in plan.inactive[trial.digest] else str(_setting(trial, key))
            for trial in plan.trials
        }
    return columns


def _setting(trial: Trial, key: str) -> Any:
    """Return the value of a trial's setting."""
    section, *path = key.split(".")
    content = getattr(trial, section)
    for name in path:
        content = content[name] if isinstance(content, Mapping) else getattr(content, name)
    return content


def search_lines(plan: Plan) -> list[str]:
    """Return a line for the search of a plan, and one for each drawn key with its distribution and its condition."""
    settings = plan.settings
    search = settings.search
    first = f"Draws: {settings.trials}, sampler {search.sampler}, search.seed {search.seed}."
    if has_batches(search):
        first = f"{first[:-1]}, batches of {search.batch}."
    if search.stop != NO_STOP:
        first += f" A trial can be stopped from epoch {search.stop_after} on, rule {search.stop}."
    return [first, *(f"  {key} from {text}{_condition(plan, key)}" for key, text in plan.search.items())]


def _condition(plan: Plan, key: str) -> str:
    """Return the condition of a key and the number of trials for which it is true; "" if it has none."""
    if key not in plan.conditions:
        return ""
    active = sum(key not in inactive for inactive in plan.inactive.values())
    return f", if {plan.conditions[key]} ({active} of {len(plan.trials)} trials)"


def declaration_lines(study: Study) -> list[str]:
    """Return the declaration of a study as lines of text."""
    baseline = study.baseline or next(iter(study.order), "none")
    families = [f"{name} ({', '.join(cells)})" for name, cells in study.families.items()]
    lines = [f"Question: {study.question}"] if study.question else []
    arms = [f"{name} ({', '.join(f'{key}={one}' for key, one in own.items())})" for name, own in study.arms.items()]
    lines += [f"Arms: {'; '.join(arms)}."] if arms else []
    lines += [f"Baseline: {baseline}. Test: {study.test}.", f"Families: {'; '.join(families) or 'one of all cells'}."]
    lines += [f"Metrics: {', '.join(study.metrics)}."] if study.metrics else []
    names = [publication.name for publication in study.published]
    return lines + ([f"Published results: {', '.join(names)}."] if names else [])


def power_lines(plan: Plan, study: Study) -> list[str]:
    """Return a sentence for each family whose comparisons cannot be significant with the trials of the plan.

    A row of the table has a trial for each seed, or for each draw and seed if settings are drawn.
    """
    counts = Counter(_arm(trial, plan.search) for trial in plan.trials)
    n = (len(plan.trials) + plan.following) // len(counts) if plan.following else min(counts.values())
    draws = plan.settings.trials if plan.search else None
    unit, per_cell = ("seed", "") if draws is None else ("trial", " a cell")
    lines = []
    for family, comparisons in _comparisons(plan, study).items():
        needed = seeds_needed(comparisons, study.test)
        if n < needed:
            counted = f"{comparisons} comparison{'s' if comparisons > 1 else ''}"
            of_family = f" of the family {family!r}" if study.families else ""
            enough = f"seed=range(0,{needed})" if draws is None else f"trials={ceil(needed * draws / n)}"
            lines.append(
                f"With {n} {unit}{'s' if n > 1 else ''}{per_cell} no p of 0.05 can be reached, whatever the "
                f"difference: {counted}{of_family} need{'' if comparisons > 1 else 's'} {needed} {unit}s "
                f"({study.test} test), for example {enough}."
            )
    return lines


def _comparisons(plan: Plan, study: Study) -> dict[str, int]:
    """Return {family: number of comparisons with the baseline} of each family with comparisons.

    Cells with equal equations count once. If there is only one cell, its settings are compared, except the drawn ones.
    """
    baseline = study.baseline or next(iter(study.order), "")
    reference = plan.cells.get(baseline, baseline)
    families = study.families or {"all": tuple(plan.cells)}
    digests = {name: {plan.cells.get(cell, cell) for cell in cells} - {reference} for name, cells in families.items()}
    if not study.families and not digests["all"]:
        arms = {_arm(trial, plan.search) for trial in plan.trials}
        tasks = {trial.build_task().label for trial in plan.trials}
        return {"all": len(arms) // len(tasks) - 1} if len(arms) > len(tasks) else {}
    return {name: len(own) for name, own in digests.items() if own}


def _arm(trial: Trial, drawn: Collection[str]) -> tuple[str, ...]:
    """Return the settings of a trial that are neither drawn nor the seed, as texts that can be compared."""
    parts = {"cell": trial.cell, "task": trial.task, "model": vars(trial.model), "training": vars(trial.training)}
    return tuple(repr(_without(drawn, name, content)) for name, content in parts.items())


def _without(keys: Collection[str], prefix: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping without the values at some dotted keys, which begin with the prefix."""
    return {
        name: _without(keys, f"{prefix}.{name}", value) if isinstance(value, Mapping) else value
        for name, value in content.items()
        if f"{prefix}.{name}" not in keys
    }


def training_flops(trial: Trial) -> float | None:
    """Return the floating-point operations of a trial's layers over all training examples and epochs.

    It counts the forward computation and the gradients, without encoder, head and early stopping. None if the size of
    the task's data is unknown before they are loaded.
    """
    size = trial.build_task().size()
    if size is None:
        return None
    model = trial.model
    directions = 2 if model.bidirectional else 1
    cell, inputs = trial.build_compared(), model.first_width(size.inputs)
    if isinstance(cell, Architecture):
        step = architecture_flops(cell, inputs, model.hidden_size, model.num_layers, directions, size.steps)
    else:
        widths = (inputs, *([model.hidden_size * directions] * (model.num_layers - 1)))
        step = directions * _step_flops(cell, widths, model.hidden_size)
    return (1.0 + BACKWARD) * step * size.steps * size.examples * trial.training.max_epochs


@lru_cache(maxsize=1024)
def _step_flops(cell: Cell, widths: Sequence[int], H: int) -> int:
    """Return the FLOPs of a time step of one sequence in the layers of one direction, by the widths of their inputs."""
    return sum(product_flops(cell, width, H) + pointwise_flops(cell, width, H) for width in widths)


def _cost(trials: Sequence[Trial], outcomes: Iterable[Outcome], workers: int) -> str:
    """Return a sentence with the cost of the trials: operations, and seconds if the study has similar trials."""
    flops = [training_flops(trial) for trial in trials]
    parts = [f"{_gflop(sum(f for f in flops if f is not None))} GFLOP at most"] if None not in flops else []
    durations: dict[tuple[str, str], list[float]] = {}
    for outcome in outcomes:
        if "seconds" in outcome.metrics:
            durations.setdefault((outcome.cell_digest, outcome.task), []).append(outcome.metrics["seconds"])
    kinds = [(trial.build_compared().digest, trial.build_task().label) for trial in trials]
    if all(kind in durations for kind in kinds):
        seconds = sum(fmean(durations[kind]) for kind in kinds)
        parts.append(
            f"about {seconds / min(workers, len(trials)):,.0f} s on {workers} workers, estimated from earlier trials"
        )
    return f"To run: {len(trials)}" + (f"; {'; '.join(parts)}." if parts else ".")


def _gflop(flops: float | None) -> str:
    return "?" if flops is None else f"{flops / 1e9:,.4g}" if flops < 1e12 else f"{flops / 1e9:,.0f}"
