from gatebench.report.figures.gate_panels import gate_panels, row_names, without_gates
from gatebench.report.figures.gate_units import gate_units
from gatebench.report.figures.style import figure_settings
from tests.gatebench.report.figures.drawn_trials import outcome, task_trials
from tests.gatebench.report.figures.gate_arrays import gru_gates, lstm_gates


def test_each_role_has_a_column_and_each_cell_a_row() -> None:
    outcomes = [outcome("lstm", 0), outcome("gru", 0), outcome("rnn", 0)]
    trials = task_trials(outcomes, gates={"digits lstm 0": lstm_gates(), "digits gru 0": gru_gates()})
    units = gate_units(trials)
    drawn: list[str] = []
    with figure_settings():
        drawing = gate_panels(trials, units, lambda axes, one, style: drawn.append(f"{one.cell} {one.label}"), 1.0)
    assert drawn == ["lstm keep: f", "lstm write: i", "lstm g", "gru keep: 1 − z", "gru write: z"]
    assert len(drawing.axes) == 6
    assert [axes.axison for axes in drawing.axes] == [True] * 5 + [False]
    caption = drawing.figure.texts[0].get_text().replace("\n", " ")
    assert "no such gate: rnn · trials without gate arrays: 1 · –: no such gate, or a constant one" in caption


def test_rows_name_the_layer_if_there_are_several() -> None:
    one = outcome("lstm", 0)
    deep = gate_units(task_trials([one], gates={one.digest: lstm_gates(layers=2)}))
    assert list(row_names(deep).values()) == ["lstm, layer 0", "lstm, layer 1"]
    trials = task_trials([one], gates={one.digest: lstm_gates()})
    assert list(row_names(gate_units(trials)).values()) == ["lstm"]
    assert without_gates(trials, gate_units(trials)) == ""
