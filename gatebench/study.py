"""The declaration of a study: what it asks, which cells it compares, and how. It is kept with the study's records."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args

from gatebench.errors import UserError, unknown

Test = Literal["unpaired", "paired"]
"""The test of a table's differences, see `gatebench.measures.comparisons`."""

TESTS: tuple[Test, ...] = get_args(Test)


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
        metrics: the names of the metrics that tables show; empty: the metrics that the task shows by default.

    Raises:
        UserError: the test is unknown, or a family is empty or contains the baseline.
    """

    name: str
    question: str = ""
    baseline: str | None = None
    order: tuple[str, ...] = ()
    families: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    test: Test = "unpaired"
    metrics: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.test not in TESTS:
            raise unknown("test", self.test, TESTS)
        for family, cells in self.families.items():
            if not cells:
                raise UserError(f"The family {family!r} of comparisons has no cells.")
            if self.baseline in cells:
                raise UserError(f"The family {family!r} contains the baseline {self.baseline!r}; leave it out.")

    def to_json(self) -> str:
        """Return the declaration as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

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
            known["families"] = {str(k): tuple(map(str, v)) for k, v in known.get("families", {}).items()}
            return cls(**known)
        except (ValueError, TypeError, AttributeError, KeyError):
            raise UserError("The declaration of the study in its records cannot be read.") from None
