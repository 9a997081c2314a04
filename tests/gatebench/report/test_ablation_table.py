"""The table: its parts and their order, what they share, what is refused."""

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebench.errors import UserError
from gatebench.outcome import Outcome
from gatebench.report.ablation_table import ablation_table
from gatebench.task import Metric
from tests.gatebench.report.studies import SEEDS, changed, only, outcome, rows, study


@given(st.permutations(study(lstm=0.8, cifg=0.799, nfg=0.6)))
def test_the_order_of_the_outcomes_changes_no_number(shuffled: list[Outcome]) -> None:
    order = ["lstm", "cifg", "nfg"]
    assert ablation_table(shuffled, order=order) == ablation_table(study(lstm=0.8, cifg=0.799, nfg=0.6))


def test_rows_come_as_first_seen_or_as_asked() -> None:
    outcomes = study(a=0.5, b=0.6, c=0.7)
    assert list(rows(ablation_table(outcomes))) == ["a", "b", "c"]
    table = ablation_table(outcomes, order=["c", "a"])
    assert list(rows(table)) == ["c", "a", "b"]
    assert rows(table)["c"].texts[3] == "baseline"


def test_a_number_belongs_to_equations_and_to_a_name() -> None:
    outcomes = study(lstm=0.8, other=0.8)
    renamed = [replace(one, cell="lstm") for one in outcomes if one.cell == "other"]
    alias = [replace(one, cell="alias") for one in outcomes if one.cell == "lstm"]
    table = ablation_table(outcomes[:8] + renamed + alias)
    assert list(rows(table)) == ["lstm (lstm-equ)", "lstm (other-eq)", "alias"]
    with pytest.raises(UserError, match="The baseline 'lstm' could be any of 2 cells"):
        ablation_table(outcomes[:8] + renamed, baseline="lstm")
    chosen = ablation_table(outcomes[:8] + renamed, baseline="other-equations")
    assert [row.texts[3] == "baseline" for row in only(chosen).rows] == [False, True]


def test_each_task_has_a_table_and_absent_cells_are_named() -> None:
    error = Metric("mse", "min")
    ett = [outcome("gru", seed, 0.1 + seed / 9, "ett", metric=error) for seed in SEEDS]
    table = ablation_table(study(lstm=0.8, gru=0.8) + ett, order=["lstm", "gru", "mgu"])
    assert [task_table.task for task_table in table.task_tables] == ["sentiment", "ett"]
    assert "Cells without a trial: mgu." in table.task_tables[0].notes
    assert "Cells without a trial: lstm, mgu." in table.task_tables[1].notes
    assert any("No differences" in note for note in table.task_tables[1].notes)


def test_a_note_that_holds_for_every_task_is_said_once() -> None:
    outcomes = study(lstm=0.8, gru=0.8)
    outcomes += [replace(one, task="ett", digest=f"ett {one.digest}") for one in outcomes]
    table = ablation_table(outcomes)
    assert [task_table.notes for task_table in table.task_tables] == [(), ()]
    assert sum(note.startswith("Difference: from lstm") for note in table.notes) == 1


def test_text_from_elsewhere_cannot_steer_a_terminal() -> None:
    nasty = outcome("a\x1b[2J\nb", 0, 0.5, status="failed", sentence="\x1b]0;title\x07 out of\r memory")
    task_table = only(ablation_table([nasty]))
    assert task_table.rows[0].texts[0] == "a [2J b"
    assert task_table.footnotes == ("n = 0 of 1: seed 0 failed (]0;title out of memory).",)


@pytest.mark.parametrize(
    ("outcomes", "options", "sentence"),
    [
        ([], {}, "There are no finished trials to make a table of; run the experiment first."),
        (
            study(lstm=0.8),
            {"baseline": "lsmt"},
            "There is no baseline cell 'lsmt'; did you mean 'lstm'? Allowed: lstm.",
        ),
        (
            [outcome("a", 0, 0.5, "mnist", metric=None)],
            {},
            "The records of the task 'mnist' were made by an earlier version and do not contain its metric; "
            "choose the trials with task=… or experiment=….",
        ),
        (
            [outcome("a", 0, 0.5), outcome("a", 1, 0.5, metric=Metric("mse", "min"))],
            {},
            "The trials of the task 'sentiment' have different headline metrics (accuracy, mse); "
            "a table takes the trials of one experiment.",
        ),
        (
            [outcome("a", 0, 0.5), outcome("a", 0, 0.6, digest="another")],
            {},
            "Cell 'a' has two different trials with seed 0 on task 'sentiment' (sentiment-a-0 and another); "
            "a table takes the trials of one experiment.",
        ),
        (
            [outcome("a", 0, 0.5), outcome("a", 1, 0.6, metrics={"parameters": 99})],
            {},
            "The trials of cell 'a' have networks of 99 and 1,234 parameters; "
            "a table takes the trials of one experiment.",
        ),
    ],
)
def test_mistakes_are_told_in_one_sentence(outcomes: list[Outcome], options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError) as error:
        ablation_table(outcomes, **options)
    assert str(error.value) == sentence


def test_the_metric_and_the_chance_are_those_of_the_outcomes_that_have_them() -> None:
    old, *others = study(a=0.8, b=0.7)
    mixed = [replace(old, metric=None), *changed(others, chance=0.25)]
    assert only(ablation_table(mixed)) == only(ablation_table(changed(study(a=0.8, b=0.7), chance=0.25)))
    first, *newer = changed(study(a=0.8, b=0.7), chance=0.25)
    row = only(ablation_table([replace(first, chance=0.5), *newer])).rows[-1]
    assert row.texts[:2] == ("chance", "25.00")


def test_a_table_needs_neither_torch_nor_mlflow() -> None:
    code = "import sys, gatebench.report.render; assert not {'torch', 'mlflow', 'scipy.stats'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
