"""Which gates get a column, and what it says."""

import pytest

from gatebench.report.ablation_table import ablation_table
from tests.gatebench.report.studies import gates, only, rows, study


def test_gate_columns_are_chosen_by_what_the_cells_have() -> None:
    metrics = {
        "lstm": gates(i=0.3, f=0.8, o=0.5),
        "nfg": gates(i=0.3, f=1, o=0.5),
        "gru": gates(r=0.2, z=0.6),
        "lstm2": {**gates(f=0.2), "gate/l1/f/mean": 0.6, "gate/l1/f/std": 0.1, "gate/l1/f/right": 0.3},
    }
    table = ablation_table(study(metrics, lstm=0.8, nfg=0.7, gru=0.8, lstm2=0.8, rnn=0.5))
    assert [column.title for column in only(table).columns[7:]] == ["f (> 0.9)", "z (> 0.9)"]
    assert [row.texts[7:] for row in only(table).rows] == [
        ("0.80 (40%)", "–"),
        ("= 1", "–"),
        ("–", "0.60 (30%)"),
        ("0.40 (20%)", "–"),
        ("–", "–"),
    ]
    assert rows(table)["gru"].record["gate/l0/z/right"] == pytest.approx(0.3)


def test_a_gate_without_saturation_gets_no_column() -> None:
    metrics = {"rnn": {"gate/l0/h/mean": 0.0, "gate/l0/h/std": 0.5}}
    assert len(only(ablation_table(study(metrics, rnn=0.5))).columns) == 7
