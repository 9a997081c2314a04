"""Which roles get a column, and what it says."""

import math
from collections.abc import Mapping

import pytest

from gatebench.report.arms import Arm, arms_of
from gatebench.report.gate_columns import chosen_roles, gate_metric_names, role_note, role_text, role_title
from tests.gatebench.report.studies import column, gates, only, outcome, scored, table_of


def arm(*metrics: Mapping[str, float]) -> Arm:
    """Return an arm with these metrics, one mapping for each seed."""
    (only,) = arms_of([outcome("a cell", seed, 0.5, metrics=own) for seed, own in enumerate(metrics)])
    return only


LSTM = arm(gates(i=0.3, f=0.8, o=0.5))
NO_FORGET = arm(gates(i=0.3, f=1, o=0.5))
GRU = arm({"gate/l0/keep/z/mean": 0.6, "gate/l0/keep/z/right": 0.3, "gate/l0/write/1-z/mean": 0.4} | gates(r=0.2))
GRU_BEFORE = arm({"gate/l0/keep/1-z/mean": 0.494, "gate/l0/keep/1-z/right": 0.118, "gate/l0/write/z/mean": 0.506})
RNN = arm({"gate/l0/candidate/n/mean": 0.0, "gate/l0/candidate/n/std": 0.5})
OLD_RECORD = arm({"gate/l0/f/mean": 0.8, "gate/l0/f/right": 0.4, "gate/l0/f/tau": 3.0})


def test_a_column_has_one_role_and_each_text_its_letter() -> None:
    arms = [LSTM, NO_FORGET, GRU, GRU_BEFORE, RNN, OLD_RECORD]
    assert chosen_roles(arms) == ["keep", "write", "expose"]
    assert [role_text(arm, "keep") for arm in arms] == [
        "f 0.80 (40%)",
        "f = 1",
        "z 0.60 (30%)",
        "1−z 0.49 (12%)",
        "–",
        "–",
    ]
    assert [role_text(arm, "write") for arm in arms] == ["i 0.30 (15%)", "i 0.30 (15%)", "1−z 0.40", "z 0.51", "–", "–"]
    assert [role_text(arm, "expose") for arm in arms] == ["o 0.50 (25%)", "o 0.50 (25%)", "–", "–", "–", "–"]


def test_layers_and_seeds_are_pooled_by_their_mean() -> None:
    second_layer = {"gate/l1/keep/f/mean": 0.6, "gate/l1/keep/f/right": 0.5}
    assert role_text(arm(gates(f=0.2) | second_layer), "keep") == "f 0.40 (30%)"
    assert role_text(arm(gates(f=0.2), gates(f=0.4)), "keep") == "f 0.30 (15%)"
    assert role_text(arm({"gate/l0/keep/f/fixed": 1.0, "gate/l1/keep/f/fixed": 1.0}), "keep") == "f = 1"


@pytest.mark.parametrize(
    ("metrics", "text"),
    [
        ({"gate/l0/keep/1-z/fixed": 0.25}, "1−z = 0.25"),
        ({"gate/l0/keep/f/fixed": -2.0}, "f = −2"),
        ({"gate/l0/keep/f/mean": -0.251, "gate/l0/keep/f/std": 0.1}, "f −0.25"),
        ({"gate/l0/keep/f/mean": math.nan, "gate/l0/keep/f/right": math.nan}, "f nan (nan%)"),
        ({"gate/l0/keep/f/mean": 0.5, "gate/l0/keep/z/fixed": 1.0}, "f 0.50, z = 1"),
        ({"gate/l0/keep/f/std": 0.5}, "–"),
        ({"gate/l0/keep/f_prime/mean": 0.5}, "f_prime 0.50"),
        ({"test/gate/l0/keep/f/mean": 0.5}, "–"),
    ],
)
def test_texts(metrics: dict[str, float], text: str) -> None:
    assert role_text(arm(metrics), "keep") == text


def test_a_role_that_is_fixed_in_every_arm_has_no_column() -> None:
    assert chosen_roles([NO_FORGET]) == ["write", "expose"]
    assert chosen_roles([NO_FORGET, GRU]) == ["keep", "write", "expose"]
    assert chosen_roles([RNN, OLD_RECORD]) == []


def test_a_column_without_shares_does_not_speak_of_them() -> None:
    tanh_gates = arm({"gate/l0/keep/f/mean": 0.1, "gate/l0/keep/f/std": 0.5})
    assert role_title([tanh_gates], "keep") == "keep"
    assert role_title([tanh_gates, LSTM], "keep") == "keep (> 0.9)"
    assert "0.9" not in role_note(["keep"])


def test_the_note_explains_every_column() -> None:
    assert role_note(["keep (> 0.9)", "write (> 0.9)", "expose (> 0.9)"]) == (
        "keep: the gate that multiplies the old memory; write: the gate that multiplies the new content; "
        "expose: the gate that multiplies the memory in the output. Its letter and its mean over the validation set at "
        "the best epoch, in brackets the share of values above 0.9."
    )
    assert role_note([]) == ""


def test_all_figures_of_roles_are_recorded() -> None:
    figures = {
        "gate/l0/keep-write/correlation": -0.3,
        "gate/l0/keep/f/tau/median": 3.0,
        "gate/l0/reset/r/mean": 0.5,
        "gate/l1/write/1-z/left": 0.1,
        "test/gate/l0/keep/f/mean": 0.5,
    }
    others = {"parameters": 3.0, "gate/l0/f/mean": 0.5, "test/accuracy": 0.5, "gradient/lag_half": 4.0}
    assert gate_metric_names([arm(figures | others)]) == list(figures)


def test_the_order_is_that_of_layers_and_names_in_every_store() -> None:
    letters = {f"gate/l{layer}/keep/{letter}/mean": 0.5 for layer in (0, 2, 10) for letter in "fz"}
    figures = letters | {f"test/{name}": value for name, value in letters.items()}
    for order in (figures, dict(reversed(figures.items()))):
        own = arm(order)
        assert gate_metric_names([own]) == list(figures)
        assert role_text(own, "keep") == "f 0.50, z 0.50"


def test_the_table_has_the_columns_and_their_note() -> None:
    metrics = {"lstm": gates(f=0.8), "no_forget": gates(f=1), "minlstm": {"gate/l0/keep/f_prime/mean": 0.5}}
    table = table_of(scored(metrics, lstm=0.8, no_forget=0.7, minlstm=0.7, rnn=0.5), baseline="lstm")
    assert column(only(table), "keep (> 0.9)") == {
        "lstm": "f 0.80 (40%)",
        "no_forget": "f = 1",
        "minlstm": "f_prime 0.50",
        "rnn": "–",
    }
    assert any(note.startswith("keep: the gate that multiplies the old memory") for note in table.notes)
