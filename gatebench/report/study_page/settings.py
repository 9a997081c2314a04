"""The settings of a study's trials: those that differ between trials, and those that all trials share."""

from collections.abc import Iterable, Sequence

from gatebench.outcome import Outcome
from gatebench.report.arm_settings import ABSENT
from gatebench.report.number_format import one_line
from gatebench.report.study_page.cut_lists import cut_list
from gatebench.report.varied_settings import values_text

CELL = "cell."
"""The beginning of the keys that describe the cell. The equations show their effect."""

Rows = list[tuple[str, str]]
"""Pairs of the key of a setting and a text about its values."""


def shared_settings(outcomes: Sequence[Outcome]) -> Rows:
    """Return the settings that have the same value in all trials, in order."""
    values = _values(outcomes)
    return [(one_line(key), one_line(own[0])) for key, own in values.items() if len(set(own)) == 1]


def differing_settings(outcomes: Sequence[Outcome]) -> Rows:
    """Return the settings that differ between trials, in order.

    The text has the values of all cells if each cell has the same ones, and else those of each group of cells:
    "20: lstm, gru; 24: rnn_tanh".
    """
    rows = []
    for key, own in _values(outcomes).items():
        if len(set(own)) > 1:
            rows.append((one_line(key), _differing(outcomes, own)))
    return rows


def _values(outcomes: Sequence[Outcome]) -> dict[str, list[str]]:
    """Return {key: its value in each trial}, without the keys of the cell. Trials without settings are left out."""
    known = [outcome for outcome in outcomes if outcome.settings]
    keys = sorted({key for outcome in known for key in outcome.settings if not key.startswith(CELL)})
    return {key: [outcome.settings.get(key, ABSENT) for outcome in known] for key in keys}


def _differing(outcomes: Sequence[Outcome], values: Iterable[str]) -> str:
    cells: dict[str, set[str]] = {}
    known = (outcome for outcome in outcomes if outcome.settings)
    for outcome, value in zip(known, values, strict=True):
        cells.setdefault(outcome.cell, set()).add(value)
    groups: dict[frozenset[str], list[str]] = {}
    for cell, own in cells.items():
        groups.setdefault(frozenset(own), []).append(one_line(cell))
    if len(groups) == 1:
        return one_line(values_text(next(iter(groups))))
    return "; ".join(f"{one_line(values_text(own))}: {cut_list(labels)}" for own, labels in groups.items())
