"""The table: its blocks and their order, what they share, what is refused."""

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
from tests.gatebench.report.studies import ACCURACY, SEEDS, only, outcome, rows, study


@given(st.permutations(study(lstm=0.8, cifg=0.799, nfg=0.6)))
def test_the_order_of_the_outcomes_changes_no_number(shuffled: list[Outcome]) -> None:
    order = ["lstm", "cifg", "nfg"]
    assert ablation_table(shuffled, ACCURACY, order=order) == ablation_table(
        study(lstm=0.8, cifg=0.799, nfg=0.6), ACCURACY
    )


def test_rows_come_as_first_seen_or_as_asked() -> None:
    outcomes = study(a=0.5, b=0.6, c=0.7)
    assert list(rows(ablation_table(outcomes, ACCURACY))) == ["a", "b", "c"]
    table = ablation_table(outcomes, ACCURACY, order=["c", "a"])
    assert list(rows(table)) == ["c", "a", "b"]
    assert rows(table)["c"].texts[3] == "baseline"


def test_a_number_belongs_to_equations_and_to_a_name() -> None:
    outcomes = study(lstm=0.8, other=0.8)
    renamed = [replace(one, cell="lstm") for one in outcomes if one.cell == "other"]
    alias = [replace(one, cell="alias") for one in outcomes if one.cell == "lstm"]
    table = ablation_table(outcomes[:8] + renamed + alias, ACCURACY)
    assert list(rows(table)) == ["lstm (lstm-equ)", "lstm (other-eq)", "alias"]
    with pytest.raises(UserError, match="The baseline 'lstm' could be any of 2 cells"):
        ablation_table(outcomes[:8] + renamed, ACCURACY, baseline="lstm")
    chosen = ablation_table(outcomes[:8] + renamed, ACCURACY, baseline="other-equations")
    assert [row.texts[3] == "baseline" for row in only(chosen).rows] == [False, True]


def test_each_task_is_a_block_and_absent_cells_are_named() -> None:
    outcomes = study(lstm=0.8, gru=0.8) + [outcome("gru", seed, 0.1 + seed / 9, "ett") for seed in SEEDS]
    table = ablation_table(outcomes, {**ACCURACY, "ett": Metric("mse", "min")}, order=["lstm", "gru", "mgu"])
    assert [block.task for block in table.blocks] == ["sentiment", "ett"]
    assert "Cells without a trial: mgu." in table.blocks[0].notes
    assert "Cells without a trial: lstm, mgu." in table.blocks[1].notes
    assert any("No differences" in note for note in table.blocks[1].notes)


def test_a_note_that_holds_for_every_task_is_said_once() -> None:
    outcomes = study(lstm=0.8, gru=0.8)
    outcomes += [replace(one, task="ett", digest=f"ett {one.digest}") for one in outcomes]
    table = ablation_table(outcomes, {**ACCURACY, "ett": ACCURACY["sentiment"]})
    assert [block.notes for block in table.blocks] == [(), ()]
    assert sum(note.startswith("Difference: from lstm") for note in table.notes) == 1


def test_text_from_elsewhere_cannot_steer_a_terminal() -> None:
    nasty = outcome("a\x1b[2J\nb", 0, 0.5, status="failed", sentence="\x1b]0;title\x07 out of\r memory")
    block = only(ablation_table([nasty], ACCURACY))
    assert block.rows[0].texts[0] == "a [2J b"
    assert block.footnotes == ("n = 0 of 1: seed 0 failed (]0;title out of memory).",)


@pytest.mark.parametrize(
    ("outcomes", "options", "sentence"),
    [
        ([], {}, "There are no finished trials to make a table of; run the experiment first."),
        (
            study(lstm=0.8),
            {"baseline": "lsmt"},
            "There is no baseline cell 'lsmt'; did you mean 'lstm'? Allowed: lstm.",
        ),
        ([outcome("a", 0, 0.5, "mnist")], {}, "There is no metric for task 'mnist'. Allowed: sentiment."),
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
        ablation_table(outcomes, ACCURACY, **options)
    assert str(error.value) == sentence


def test_a_table_needs_neither_torch_nor_mlflow() -> None:
    code = "import sys, gatebench.report.render; assert not {'torch', 'mlflow', 'scipy.stats'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
