"""The columns of gates: one for each role that varies, and its texts.

A letter has another meaning in each cell, so a column is a role and its texts name the letter: "f 0.57 (3%)" for the
LSTM and "1−z 0.49 (12%)" for a GRU stand both in the column "keep (> 0.9)". The metrics have the names that
`gatebench.measures.gate_metrics` gives them, "gate/l0/keep/f/mean". All others, such as "gate/l0/f/mean" of records of
earlier versions, are no figures of roles and are not read.
"""

import re
from collections.abc import Iterable, Sequence
from statistics import fmean

from gatebench.report.arms import Arm
from gatebench.report.number_format import MISSING

COLUMN_ROLES = ("keep", "write", "expose")
"""The roles that can have a column, in the order of the columns."""

GATE_METRIC = re.compile(r"gate/l\d+/(?P<role>[a-z]+)/(?P<letter>[^/]+)/(?P<statistic>.+)")
"""The names of the metrics of roles on the validation set."""

_LAYER = re.compile(r"gate/l(\d+)/")
_RECORDED = re.compile(rf"(test/)?({GATE_METRIC.pattern}|gate/l\d+/keep-write/correlation)")


def gate_metric_names(arms: Iterable[Arm]) -> list[str]:
    """Return the names of all metrics of gates that an arm has: of validation, then of test, by layer and name."""
    return [name for name in _metric_names(arms) if _RECORDED.fullmatch(name)]


def chosen_roles(arms: Sequence[Arm]) -> list[str]:
    """Return the roles that have a column: those of `COLUMN_ROLES` that a gate has that is not fixed in every arm."""
    matches = map(GATE_METRIC.fullmatch, _metric_names(arms))
    varying = {match["role"] for match in matches if match and match["statistic"] == "mean"}
    return [role for role in COLUMN_ROLES if role in varying]


def role_title(arms: Sequence[Arm], role: str) -> str:
    """Return the title of a role's column: "keep (> 0.9)", or "keep" if no arm has a share of values above 0.9."""
    matches = map(GATE_METRIC.fullmatch, _metric_names(arms))
    has_share = any(match and match["role"] == role and match["statistic"] == "right" for match in matches)
    return f"{role} (> 0.9)" if has_share else role


def role_text(arm: Arm, role: str) -> str:
    """Return the text of an arm in the column of a role.

    It has the letter, the mean over layers and seeds, and in brackets the share of values above 0.9: "f 0.57 (3%)" or
    "1−z 0.49 (12%)". A gate whose values can leave [0, 1] has no share: "f 0.57". A fixed gate has its value: "f = 1".
    Several gates with the role are separated by commas. An arm without such a gate has "–".
    """
    statistics: dict[str, dict[str, list[float]]] = {}
    for name in _metric_names([arm]):
        match = GATE_METRIC.fullmatch(name)
        if match and match["role"] == role:
            statistics.setdefault(match["letter"], {}).setdefault(match["statistic"], []).extend(arm.values(name))
    texts = (_gate_text(letter, values) for letter, values in statistics.items())
    return ", ".join(text for text in texts if text) or MISSING


def role_note(titles: Sequence[str]) -> str:
    """Return the note on the columns of roles with these titles; "" if there is none."""
    if not titles:
        return ""
    meanings = {"keep": "multiplies the old memory", "write": "multiplies the new content"}
    meanings["expose"] = "multiplies the memory in the output"
    roles = [title.partition(" ")[0] for title in titles]
    described = "; ".join(f"{role}: the gate that {meanings[role]}" for role in roles)
    share = ", in brackets the share of values above 0.9" if any("(> 0.9)" in title for title in titles) else ""
    return f"{described}. Its letter and its mean over the validation set at the best epoch{share}."


def _gate_text(letter: str, values: dict[str, list[float]]) -> str:
    """Return the text of one gate from its statistics by name; "" if it has neither a mean nor a fixed value."""
    letter = letter.replace("-", "−")
    if "mean" in values:
        right = values.get("right")
        return f"{letter} {_number(fmean(values['mean']))}" + (f" ({100 * fmean(right):.0f}%)" if right else "")
    return f"{letter} = {fmean(values['fixed']):.4g}".replace("-", "−") if "fixed" in values else ""


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _metric_names(arms: Iterable[Arm]) -> list[str]:
    """Return the names of all metrics, each once, in an order that does not depend on where the trials are recorded."""
    return sorted({name for arm in arms for metrics in arm.metrics.values() for name in metrics}, key=_place)


def _place(name: str) -> tuple[bool, int, str]:
    """Return the sorting key of a name: the metrics of the test set last, and layer 2 before layer 10."""
    layer = _LAYER.search(name)
    return name.startswith("test/"), int(layer[1]) if layer else -1, name
