import csv
from dataclasses import replace
from io import StringIO

import pytest

from gatebench.errors import UserError
from gatebench.report.chosen_columns import with_columns
from gatebench.report.render import FORMATS
from gatebench.report.task_table import Column, TableRow, TaskTable
from tests.gatebench.report.studies import changed, gates, only, outcome, scored, table_of, table_with

TABLE = table_of(
    changed(scored({"lstm": gates(f=0.5), "gru": gates(z=0.4)}, lstm=0.5, gru=0.4), chance=0.1), question="Why?"
)


def titles(*names: str) -> list[str]:
    return [column.title for column in only(with_columns(TABLE, names)).columns]


def test_the_columns_have_the_order_of_the_names_behind_the_labels() -> None:
    assert titles("p", "score", "p", "cell") == ["cell", "p (Holm)", "accuracy % ↑"]
    assert titles("keep") == ["cell", "keep (> 0.9)"]
    assert titles("article") == ["cell", "accuracy % ↑", "n", "difference", "p (Holm)", "parameters"]
    assert titles("narrow") == ["cell", "accuracy % ↑", "n", "difference", "p (Holm)"]
    assert with_columns(TABLE, []) is with_columns(TABLE, ["p", "all"]) is TABLE


def test_notes_rows_and_bold_scores_are_those_of_the_columns() -> None:
    chosen = with_columns(TABLE, ["n", "score"])
    assert [row.texts[0] for row in only(chosen).rows] == ["lstm", "gru", "chance"]
    assert only(chosen).rows[0].bold == {2}
    notes = " ".join([*chosen.notes, *only(chosen).notes])
    assert "Score: mean" in notes
    assert not any(text in notes for text in ("Difference:", "Median and best", "Smallest corrected p", "keep:"))
    chosen = with_columns(TABLE, ["keep"])
    assert [row.texts[0] for row in only(chosen).rows] == ["lstm", "gru"]
    assert chosen.bold == ""
    assert [note[:5] for note in (*only(chosen).notes, *chosen.notes)] == ["keep:", "The s"]  # it declares no baseline


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_the_chosen_columns_alone(name: str) -> None:
    page = FORMATS[name](with_columns(table_with(), ["difference", "median"]))
    assert "baseline" in page
    assert "1,234" not in page
    assert "1234" not in page


def test_csv_has_the_values_of_the_columns() -> None:
    def keys(*names: str) -> list[str]:
        own = ["task", "cell", "label", "cell_digest", "settings", "metric", "direction", "unit"]
        found = next(csv.reader(StringIO(FORMATS["csv"](with_columns(TABLE, names)))))
        assert found[:8] == own
        assert "footnote" in found
        return [key for key in found[8:] if key != "footnote"]

    assert keys("n") == ["n", "seeds"]
    assert keys("difference") == ["baseline", "difference_mean", "difference_low", "difference_high"]
    assert keys("parameters", "n")[:2] == ["parameters", "n"]
    assert all("/keep/" in key for key in keys("keep"))


def test_a_column_of_one_task_alone_is_allowed_and_an_unknown_one_is_not() -> None:
    other = table_of([*scored(lstm=0.5, gru=0.4), *(outcome("lstm", seed, 0.5, task="other") for seed in range(8))])
    first, second, together = with_columns(other, ["normalised", "p"]).task_tables
    assert [len(one.columns) for one in (first, second, together)] == [2, 2, 2]
    with pytest.raises(UserError, match=r"There is no column 'diference' of this table; did you mean 'difference'\?"):
        with_columns(TABLE, ["diference"])


def test_the_columns_of_a_publication_are_side_by_side() -> None:
    columns = [Column("cell", name="cell"), Column("score", name="score")]
    for title in ("A", "B"):
        columns += [Column(title, group=title, name="published"), Column("verdict", group=title, name="verdict")]
    row = TableRow(("lstm", "0.5", "1", "agrees", "2", "differs"), {"cell": "lstm"})
    table = replace(TABLE, task_tables=(TaskTable("digits", tuple(columns), (row,)),))
    chosen = only(with_columns(table, ["verdict", "score", "published"]))
    assert [column.title for column in chosen.columns] == ["cell", "verdict", "A", "verdict", "B", "score"]
    assert chosen.rows[0].texts == ("lstm", "agrees", "1", "differs", "2", "0.5")
    titles = [column.title for column in only(with_columns(table, ["score", "verdict"])).columns]
    assert titles == ["cell", "score", "verdict", "verdict"]
