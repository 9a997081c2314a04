from dataclasses import replace

from gatebench.report.task_table import Column, ColumnNote, TaskTable


def test_a_note_on_columns_is_a_text_with_their_names() -> None:
    note = ColumnNote("A note.", "p", "difference")
    assert note.columns == {"p", "difference"}
    assert note == "A note."
    assert note in ("A note.", "Another one.")
    table = replace(TaskTable("digits", (Column("cell"),), ()), notes=(note,))
    assert table.notes[0] is note
