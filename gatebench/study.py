"""The declaration of a study: what it asks, which cells it compares, and how. It is kept with the study's records."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, TypeVar, get_args

from gatebench.errors import UserError, unknown
from gatebench.published.content import publication_of
from gatebench.published.publication import Publication

Test = Literal["unpaired", "paired"]
"""The test of a table's differences, see `gatebench.measures.comparisons`."""

Value = TypeVar("Value", bound=Hashable)

TESTS: tuple[Test, ...] = get_args(Test)

View = Literal["all", "best10", "best"]
"""The trials that a table shows: all, the best 10 % of each arm by validation, or those of its best settings."""

VIEWS: tuple[View, ...] = get_args(View)

KEYS = ("question", "baseline", "order", "families", "test", "metrics", "published")
"""The parts of a declaration that a config sets."""

_DEFAULT = "the default"  # the value of a setting that is not kept

ALL_METRICS = "all"
"""The name that stands for all metrics of a task."""


@dataclass(frozen=True)
class Study:
    """The declaration of a study. Every table, page and note of the study reads it.

    Attributes:
        name: the name of the study.
        question: the question that the study answers, in one sentence; "" if none was declared.
        baseline: the label of the cell that the others are compared with; None: the first cell of `order`.
        order: the labels of the cells in the order of the rows. Cells that are not listed follow.
        families: {name of a family: labels of its cells}. Each cell of a family is compared with the baseline, and the
            p-values are corrected within the family. A cell in no family has no p-value. Empty: one family of all
            cells but the baseline.
        test: "unpaired", or "paired" if a seed fixes a split or a stream that all cells share.
        metrics: the names of the metrics that tables show, or "all"; empty: the metrics that the task shows by default.
        cell_digests: {label of a cell: digest of its equations} of the cells that were asked for. Cells with equal
            equations have one trial, so that the records contain only one of their labels.
        search: {key: text of its distribution} of the settings that a search draws, for example
            {"training.learning_rate": "tag(log, interval(1e-06, 0.01))"}. These settings may differ between the trials
            of an arm. Empty: the study draws no settings.
        search_settings: {key: value as a text} of the settings of the newest search that are not the defaults, for
            example {"search.sampler": "tpe"}. Conditions are left out.
        samplers: the samplers that drew settings from the validation scores of earlier trials. Empty: none did.
        arms: {name of an arm: {key of a setting: its value as a text}} of the arms that were named. A trial belongs to
            an arm if it has all these settings. The key "cell" stands for the digest of the cell's equations. Empty:
            each cell is an arm.
        parameters: the numbers of parameters for which hidden sizes were solved (`model.parameters`).
        published: the publications whose results stand beside the rows, with their results on the tasks of the study.

    Raises:
        UserError: the test is unknown, a family is empty or contains the baseline, or a cell is in two families.
    """

    name: str
    question: str = ""
    baseline: str | None = None
    order: tuple[str, ...] = ()
    families: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    test: Test = "unpaired"
    metrics: tuple[str, ...] = ()
    cell_digests: Mapping[str, str] = field(default_factory=dict)
    search: Mapping[str, str] = field(default_factory=dict)
    search_settings: Mapping[str, str] = field(default_factory=dict)
    samplers: tuple[str, ...] = ()
    arms: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    parameters: tuple[int, ...] = ()
    published: tuple[Publication, ...] = ()

    def __post_init__(self) -> None:
        if self.test not in TESTS:
            raise unknown("test", self.test, TESTS)
        owners: dict[str, str] = {}
        for family, cells in self.families.items():
            if not cells:
                raise UserError(f"The family {family!r} of comparisons has no cells.")
            if self.baseline in cells:
                raise UserError(f"The family {family!r} contains the baseline {self.baseline!r}; leave it out.")
            for cell in cells:
                if owners.setdefault(cell, family) != family:
                    raise UserError(f"The cell {cell!r} is in two families, {owners[cell]!r} and {family!r}.")

    def updated(self, newer: Study, keys: Collection[str]) -> Study:
        """Return this declaration with those parts of a newer one that the newer one declares.

        Cells of the newer declaration that this one does not know are appended to the order, and its drawn settings,
        arms and numbers of parameters are added. A new baseline is removed from the families, unless the newer
        declaration has families, too.

        Args:
            newer: the newer declaration.
            keys: the items of `KEYS` that it declares.

        Raises:
            UserError: the parts do not fit together.
        """
        changed = {key: getattr(newer, key) for key in keys}
        if "baseline" in keys and "families" not in keys:
            changed["families"] = without_cell(self.families, newer.baseline)
        first, second = (newer.order, self.order) if "order" in keys else (self.order, newer.order)
        changed["order"] = tuple(dict.fromkeys([*first, *second]))
        if "published" in keys:
            changed["published"] = tuple(_with_results_of(self.published, one) for one in newer.published)
        changed["cell_digests"] = {**self.cell_digests, **newer.cell_digests}
        changed["search"] = {**self.search, **newer.search}
        changed["search_settings"] = newer.search_settings if newer.search else self.search_settings
        changed["samplers"] = tuple(_distinct([*self.samplers, *newer.samplers]))
        changed["arms"] = {**self.arms, **newer.arms}
        changed["parameters"] = tuple(sorted({*self.parameters, *newer.parameters}))
        return replace(self, **changed)

    def limited_to(self, cells: Collection[str]) -> Study:
        """Return the declaration for some of the cells: order, families, arms and baseline contain no others."""
        families = {name: tuple(cell for cell in own if cell in cells) for name, own in self.families.items()}
        return replace(
            self,
            baseline=self.baseline if self.baseline in cells else None,
            order=tuple(cell for cell in self.order if cell in cells),
            families={name: own for name, own in families.items() if own},
            arms={name: own for name, own in self.arms.items() if name in cells},
        )

    def labels(self, cell: str, digest: str) -> tuple[str, ...]:
        """Return all labels of a cell: those that were asked for, in their order, and the given one.

        Args:
            cell: a label of the cell.
            digest: the digest of its equations.
        """
        asked = [label for label, own in self.cell_digests.items() if own == digest]
        return tuple(dict.fromkeys([*asked, cell]))

    def differences(self, newer: Study) -> list[str]:
        """Return the parts that a newer declaration changes, for example ["baseline: 'lstm' → 'gru'"].

        Cells that the newer one appends to the order, and published results on further tasks, are no change.
        """
        keys = [key for key in KEYS if getattr(self, key) != getattr(newer, key)]
        if newer.order[: len(self.order)] == self.order and "order" in keys:
            keys.remove("order")
        if "published" in keys and _contains(newer.published, self.published):
            keys.remove("published")
        changes = [_change(key, _text(getattr(self, key)), _text(getattr(newer, key))) for key in keys]
        redrawn = [key for key, text in newer.search.items() if self.search.get(key, text) != text]
        changes += [f"search of {key}: {self.search[key]} → {newer.search[key]}" for key in redrawn]
        if self.search and newer.search:
            old, new = self.search_settings, newer.search_settings
            keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
            changes += [f"{key}: {old.get(key, _DEFAULT)} → {new.get(key, _DEFAULT)}" for key in keys]
        shared = [name for name in self.arms if name in newer.arms and self.arms[name] != newer.arms[name]]
        return changes + [f"arm {n}: {_settings(self.arms[n])} → {_settings(newer.arms[n])}" for n in shared]

    def to_json(self) -> str:
        """Return the declaration as JSON."""
        content = asdict(replace(self, published=()))
        for key in ("samplers", "search_settings"):
            if not content[key]:
                del content[key]  # as in records of earlier versions
        if self.published:
            content["published"] = {one.name: one.to_dict() for one in self.published}
        else:
            del content["published"]  # as in records of earlier versions
        return json.dumps(content, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Study:
        """Return the declaration that `to_json` wrote. Keys of later versions are ignored.

        Raises:
            UserError: the text is not a declaration.
        """
        try:
            content: dict[str, Any] = json.loads(text)
            known = {f.name: content[f.name] for f in fields(cls) if f.name in content}
            known["order"] = tuple(map(str, known.get("order", ())))
            known["metrics"] = tuple(map(str, known.get("metrics", ())))
            known["cell_digests"] = {str(k): str(v) for k, v in known.get("cell_digests", {}).items()}
            known["families"] = {str(k): tuple(map(str, v)) for k, v in known.get("families", {}).items()}
            known["search"] = _texts(known.get("search", {}))
            known["search_settings"] = _texts(known.get("search_settings", {}))
            known["samplers"] = tuple(map(str, known.get("samplers", ())))
            known["arms"] = {str(name): _texts(own) for name, own in known.get("arms", {}).items()}
            known["parameters"] = tuple(map(int, known.get("parameters", ())))
            known["published"] = _publications(known.get("published", {}))
            return cls(**known)
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
            raise UserError("The declaration of the study in its records cannot be read.") from None


SIZE = "model.hidden_size"
"""The setting of a trial with its hidden size."""

BUDGET = "model.parameters"
"""The setting that asks for a number of parameters, for which the hidden size is solved."""

ARM_CELL = "cell"
"""The key of an arm's settings that stands for the digest of the cell's equations."""


def arm_digest(settings: Mapping[str, str]) -> str:
    """Return the digest of a named arm: 16 hex digits of a SHA-256 of its settings. Names do not enter it."""
    return hashlib.sha256(json.dumps(dict(settings), sort_keys=True).encode()).hexdigest()[:16]


def _texts(mapping: Mapping[Any, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in mapping.items()}


def without_cell(families: Mapping[str, Iterable[str]], cell: str | None) -> dict[str, tuple[str, ...]]:
    """Return the families without a cell. A family without other cells is left out."""
    rest = {name: tuple(label for label in labels if label != cell) for name, labels in families.items()}
    return {name: labels for name, labels in rest.items() if labels}


def combined(studies: Sequence[Study]) -> Study:
    """Return the declaration of several studies whose trials are shown in one table.

    Orders, metrics, drawn settings and arms are joined, and families with the same name, too.

    Raises:
        UserError: the studies declare different baselines, tests or arms of the same name, or have a cell in different
            families.
    """
    if len(studies) == 1:
        return studies[0]
    families: dict[str, dict[str, None]] = {}
    for study in studies:
        for name, cells in study.families.items():
            families.setdefault(name, {}).update(dict.fromkeys(cells))
    return Study(
        name=", ".join(study.name for study in studies),
        question=" ".join(_distinct(study.question for study in studies if study.question)),
        baseline=_common("baseline", studies, lambda study: study.baseline),
        order=tuple(_distinct(cell for study in studies for cell in study.order)),
        families={name: tuple(cells) for name, cells in families.items()},
        test=_common("test", studies, lambda study: study.test) or TESTS[0],
        metrics=tuple(_distinct(metric for study in studies for metric in study.metrics)),
        cell_digests={label: digest for study in studies for label, digest in study.cell_digests.items()},
        search={key: text for study in studies for key, text in study.search.items()},
        search_settings={key: text for study in studies for key, text in study.search_settings.items()},
        samplers=tuple(_distinct(name for study in studies for name in study.samplers)),
        arms=_joined_arms(studies),
        parameters=tuple(sorted({number for study in studies for number in study.parameters})),
        published=_joined(study.published for study in studies),
    )


def _joined_arms(studies: Sequence[Study]) -> dict[str, Mapping[str, str]]:
    """Return the arms of all studies."""
    arms: dict[str, Mapping[str, str]] = {}
    for study in studies:
        for name, settings in study.arms.items():
            if arms.setdefault(name, settings) != settings:
                raise UserError(f"The studies declare different arms of the name {name!r}; show them in two tables.")
    return arms


def _common(key: str, studies: Sequence[Study], part: Callable[[Study], Value | None]) -> Value | None:
    """Return the value that all studies with a value have; None if no study has one."""
    values = {value: study.name for study in reversed(studies) if (value := part(study)) is not None}
    if len(values) > 1:
        named = ", ".join(f"{value} in {name!r}" for value, name in reversed(values.items()))
        raise UserError(f"The studies declare more than one {key}: {named}; choose one with {key}=….")
    return next(iter(values), None)


def _publications(content: Mapping[str, Any]) -> tuple[Publication, ...]:
    """Return the publications of a declaration in JSON."""
    return tuple(publication_of(name, one, f"The publication {name!r}") for name, one in content.items())


def _with_results_of(earlier: Iterable[Publication], newer: Publication) -> Publication:
    """Return a publication with the results that an earlier copy has on other tasks."""
    tasks = {result.task for result in newer.results}
    others = [result for one in earlier if one.name == newer.name for result in one.results if result.task not in tasks]
    return replace(newer, results=(*newer.results, *others))


def _contains(newer: Sequence[Publication], earlier: Sequence[Publication]) -> bool:
    """Return whether publications are the same as earlier ones, up to further results."""
    same_names = [one.name for one in newer] == [one.name for one in earlier]
    pairs = zip(newer, earlier, strict=same_names)
    return same_names and all(result in new.results for new, old in pairs for result in old.results)


def _joined(declared: Iterable[Sequence[Publication]]) -> tuple[Publication, ...]:
    """Return the publications of several studies, each once with all its results."""
    found: dict[str, Publication] = {}
    for publication in (one for publications in declared for one in publications):
        found[publication.name] = _with_results_of(found.values(), publication)
    return tuple(found.values())


def _distinct(values: Iterable[Value]) -> list[Value]:
    return list(dict.fromkeys(values))


def _settings(arm: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in arm.items())


def _change(key: str, old: str, new: str) -> str:
    return f"{key}: the results of {new} have changed" if old == new else f"{key}: {old} → {new}"


def _text(value: object) -> str:
    """Return a part of a declaration as text."""
    if isinstance(value, tuple):
        value = tuple(one.name if isinstance(one, Publication) else one for one in value)
    if isinstance(value, Mapping):
        return "; ".join(f"{name} ({', '.join(cells)})" for name, cells in value.items()) or "none"
    return ", ".join(value) or "none" if isinstance(value, tuple) else repr(value) if value else "none"
