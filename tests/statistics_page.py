"""Writes the simulated tables of `docs/statistics.md`, or prints them.

  python -m tests.statistics_page              prints all tables: about 10 minutes on one core
  python -m tests.statistics_page errors       prints one table
  python -m tests.statistics_page --write      writes them into the page

Each table stands between the comments `<!-- NAME: simulated -->` and `<!-- /NAME -->`. The random numbers are seeded:
a table is always the same.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import product

import numpy as np

from gatebench.measures.power import seeds_needed
from tests.arm_simulation import (
    SPREADS,
    Bools,
    Floats,
    holm,
    new_best,
    new_p,
    old_best,
    old_p,
    p_values,
    tables,
    wrong_intervals,
)
from tests.doc_pages import markdown_table
from tests.paths import ROOT

PAGE = ROOT / "docs" / "statistics.md"

ARMS = (6, 9, 16)
SEEDS = (3, 5, 8, 20)

CASES = (*product(("normal", "t3"), SPREADS), ("uniform", "equal"), ("fail", "equal"))
"""The shapes and spreads of the scores."""

COUNT = 4_000
"""The number of simulated tables of each number about comparisons. The standard error of 5 % is 0.34 %."""

BEST_COUNT = 1_000
"""The number of simulated tables of each number about best sets. The standard error of 5 % is 0.69 %."""

Cell = Callable[[int, int], Sequence[float]]
"""A function of the numbers of arms and seeds that returns the numbers of a row."""


def percent(value: float) -> str:
    """Return a share in percent."""
    return f"{100 * value:.1f}"


def simulated_table(columns: Sequence[str], row: Cell, arms: Sequence[int] = ARMS, seeds: Sequence[int] = SEEDS) -> str:
    """Return a Markdown table with one row for each number of arms and of seeds."""
    rows = [("arms", "n", *columns)]
    for count, n in product(arms, seeds):
        rows.append((str(count), str(n), *map(percent, row(count, n))))
    return markdown_table(rows, "r" * len(rows[0]))


def case_titles() -> list[str]:
    return [f"{shape}, {spread}" for shape, spread in CASES]


def any_significant(batch: Floats, test: Callable[[Floats, Floats], Floats]) -> Bools:
    """Return for each table whether any difference is significant."""
    return np.asarray((holm(p_values(batch, test)) <= 0.05).any(axis=1))


def errors(arms: int, n: int) -> list[float]:
    """Return the share of tables of equal arms with a significant difference: new for all cases, and old."""
    new = [any_significant(tables(COUNT, arms, n, spread, shape), new_p) for shape, spread in CASES]
    old = any_significant(tables(COUNT, arms, n, "equal", "normal"), old_p)
    return [float(found.mean()) for found in (*new, old)]


POWER_CASES = (("normal", "equal"), ("normal", "in turn"), ("t3", "equal"))


def power(arms: int, n: int) -> list[float]:
    """Return the share of tables in which one arm's difference of 2 standard deviations is significant, new and old."""
    found = []
    for shape, spread in POWER_CASES:
        batch = tables(COUNT, arms, n, spread, shape)
        batch[:, 1] += 2 * np.sqrt(np.mean(SPREADS[spread](arms)[:2] ** 2))
        found += [float(np.mean(holm(p_values(batch, test))[:, 0] <= 0.05)) for test in (new_p, old_p)]
    return found


def best_errors(arms: int, n: int) -> list[float]:
    """Return the share of tables of equal arms in which the best set leaves one out: new for all cases, and old."""
    new = [new_best(tables(BEST_COUNT, arms, n, spread, shape)) for shape, spread in CASES]
    old = old_best(tables(COUNT, arms, n, "equal", "normal"))
    return [float(left_out.any(axis=1).mean()) for left_out in (*new, old)]


def best_power(arms: int, n: int) -> list[float]:
    """Return what the best set does if half of the arms are 2 standard deviations worse.

    Returns:
        for each case the share of the worse arms that are left out, and the share of tables in which an equal best arm
        is left out.
    """
    found = []
    half = arms // 2
    for shape, spread in POWER_CASES:
        batch = tables(BEST_COUNT, arms, n, spread, shape)
        batch[:, half:] -= 2 * np.sqrt(np.mean(SPREADS[spread](arms) ** 2))
        left_out = new_best(batch)
        found += [float(left_out[:, half:].mean()), float(left_out[:, :half].any(axis=1).mean())]
    return found


INTERVAL_CASES: Mapping[str, Callable[[int], Floats]] = {
    "all equal": lambda arms: np.zeros(arms - 1),
    "0 to 4": lambda arms: np.linspace(0, 4, arms - 1),
    "one equal, others 6": lambda arms: np.array([0.0] + [6.0] * (arms - 2)),
}
"""The true differences from the baseline, in standard deviations of the baseline."""


def intervals(arms: int, n: int) -> list[float]:
    """Return the share of tables in which an interval misses the true difference or a significant sign is wrong."""
    return [
        float(wrong_intervals(tables(COUNT, arms, n, spread, "normal"), differences(arms)).mean())
        for spread in ("equal", "in turn")
        for differences in INTERVAL_CASES.values()
    ]


def seeds() -> str:
    """Return the table of the fewest seeds with which a comparison can be significant."""
    comparisons = (1, 2, 3, 5, 8, 15, 30)
    rows = [("comparisons in the family", *map(str, comparisons))]
    for test in ("unpaired", "paired"):
        rows.append((f"seeds, {test}", *(str(seeds_needed(m, test)) for m in comparisons)))
    return markdown_table(rows, "l" + "r" * len(comparisons))


def power_titles() -> list[str]:
    return [f"{shape}, {spread}: {which}" for shape, spread in POWER_CASES for which in ("new", "old")]


def best_power_titles() -> list[str]:
    return [f"{shape}, {spread}: {which}" for shape, spread in POWER_CASES for which in ("worse", "equal")]


def interval_titles() -> list[str]:
    return [f"{spread}: {case}" for spread in ("equal", "in turn") for case in INTERVAL_CASES]


TABLES: Mapping[str, Callable[[], str]] = {
    "seeds": seeds,
    "errors": lambda: simulated_table([*case_titles(), "old: normal, equal"], errors),
    "power": lambda: simulated_table(power_titles(), power),
    "intervals": lambda: simulated_table(interval_titles(), intervals, seeds=SEEDS[1:]),
    "best-errors": lambda: simulated_table([*case_titles(), "old: normal, equal"], best_errors),
    "best-power": lambda: simulated_table(best_power_titles(), best_power, seeds=SEEDS[1:]),
}
"""The tables of the page, by name."""


def with_table(text: str, name: str, table: str) -> str:
    """Return the text of the page with one table renewed.

    Raises:
        ValueError: the page has lost the comments around the table.
    """
    start, end = f"<!-- {name}: simulated -->", f"<!-- /{name} -->"
    pattern = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
    if len(pattern.findall(text)) != 1:
        raise ValueError(f"{PAGE.name} must have {start} and {end} once")
    return pattern.sub(lambda _: f"{start}\n\n{table}\n\n{end}", text)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help=f"the tables, of {', '.join(TABLES)}; none: all")
    parser.add_argument("--write", action="store_true", help="write the tables into docs/statistics.md")
    options = parser.parse_args(arguments)
    for name in options.names or TABLES:
        table = TABLES[name]()
        print(f"{name}\n\n{table}\n", flush=True)
        if options.write:
            PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8"), name, table), encoding="utf-8")


if __name__ == "__main__":
    main()
