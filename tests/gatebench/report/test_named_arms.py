"""Named arms: the trials that belong to them, and their rows."""

from dataclasses import replace

from gatebench.report.named_arms import with_named_arms
from gatebench.study import arm_digest
from tests.gatebench.report.studies import changed, outcome, rows, table_of

SMALL = {"cell": "lstm-equations", "model.hidden_size": "8", "training.momentum": "none"}
LARGE = {"cell": "lstm-equations", "model.hidden_size": "128", "training.momentum": "none"}
MOMENTUM = {"cell": "lstm-equations", "model.hidden_size": "8", "training.momentum": "0.9"}
ARMS = {"small": SMALL, "large": LARGE, "momentum": MOMENTUM}
OUTCOMES = [
    replace(
        outcome("lstm", seed, 0.5 + number / 10 + seed / 100, digest=f"{number}-{seed}"),
        settings={key: value for key, value in arm.items() if key != "cell" and value != "none"},
    )
    for number, arm in enumerate(ARMS.values())
    for seed in range(5)
]


def test_a_trial_has_the_names_of_its_arms() -> None:
    named = with_named_arms(OUTCOMES, ARMS)
    assert [one.cell for one in named] == ["small"] * 5 + ["large"] * 5 + ["momentum"] * 5
    assert named[0].cell_digest == arm_digest(SMALL) != arm_digest(LARGE)
    assert named[0].settings == {"cell": "lstm-equations"}
    assert with_named_arms(OUTCOMES, {}) == OUTCOMES
    assert with_named_arms(OUTCOMES[:5], {"large": LARGE}) == OUTCOMES[:5]
    assert [one.cell for one in with_named_arms(OUTCOMES[:1], {"a": SMALL, "b": SMALL})] == ["a", "b"]


def test_arms_of_one_cell_are_compared_in_the_declared_order() -> None:
    table = table_of(
        OUTCOMES, arms=ARMS, baseline="small", order=("large", "small"), families={"others": ("momentum",)}
    )
    assert list(rows(table)) == ["large", "small", "momentum"]
    assert rows(table)["small"].texts[3] == "baseline"
    assert rows(table)["momentum"].record["p"] is not None
    assert rows(table)["large"].record["p"] is None
    assert rows(table)["momentum"].record["cell_digest"] == "lstm-equations"
    assert rows(table)["momentum"].record["settings"] == ""


def test_arms_with_equal_settings_are_one_row() -> None:
    assert list(rows(table_of(OUTCOMES, arms=ARMS | {"tiny": SMALL}))) == ["small = tiny", "large", "momentum"]


def test_other_settings_that_differ_are_named() -> None:
    short = changed(OUTCOMES[:5], settings={"model.hidden_size": "8", "training.max_epochs": "3"})
    longer = changed(OUTCOMES[5:10], settings={"model.hidden_size": "128", "training.max_epochs": "9"})
    labels = list(rows(table_of(short + longer, arms=ARMS)))
    assert labels == ["small · training.max_epochs=3", "large · training.max_epochs=9"]
