"""Cells from configs: equations, names, and an error of one sentence for each mistake."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from gatebench import Cell, build_cell, cell_names, load_cell
from gatebench.cells import BASES
from gatebench.errors import UserError
from tests.paths import ROOT

CELLS = ROOT / "conf" / "cell"


def built(name: str, base: str | None = None, **ablate: Any) -> Cell:
    """Return the cell of `cell=name` with overrides of `cell.ablate`."""
    config = yaml.safe_load((CELLS / f"{name}.yaml").read_text(encoding="utf-8"))
    return build_cell({**config, "base": base or config["base"], "ablate": merged(config.get("ablate") or {}, ablate)})


def merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return two nested dicts merged; values of the second win."""
    inner = {key: merged(one[key], value) for key, value in other.items() if isinstance(one.get(key), dict)}
    return {**one, **other, **inner}


@pytest.mark.parametrize("name", cell_names())
def test_every_cell_loads_under_its_name_with_a_source(name: str) -> None:
    cell = load_cell(name)
    assert cell.name == name
    assert cell.source
    assert cell.note
    assert load_cell(name) is cell


def test_the_config_of_a_base_cell_changes_nothing() -> None:
    for name, base in BASES.items():
        assert load_cell(name).digest == base.digest


def test_an_ablation_in_a_config_equals_the_operations_in_python() -> None:
    assert load_cell("lstm_cifg").digest == load_cell("lstm_peephole").tie("f", "1 - i").digest
    assert load_cell("lstm_noaf").digest == load_cell("lstm_peephole").activate("out", "identity").digest
    assert (
        load_cell("irnn").digest
        == load_cell("rnn_relu").initialise("R", "identity").initialise("W", "normal 0.001").digest
    )
    gates = ["i", "f", "o"]
    fgr = load_cell("lstm_peephole")
    for gate in gates:
        fgr = fgr.connect(gate, gates=gates)
    assert load_cell("lstm_fgr").digest == fgr.digest


def test_changes_by_the_user_are_in_the_name() -> None:
    assert built("lstm", i={"fix": 1}).name == "lstm[i=1]"
    assert built("lstm_peephole", i={"connect": {"gates": ["f"]}}).name == "lstm_peephole[i.gates=f]"
    assert built("lstm_chrono", f={"fix": 1}, i={"bias": 0}).digest == load_cell("lstm").fix("f", 1).digest
    config = {"name": "lstm", "base": "lstm", "start": {"R": "identity"}}
    assert build_cell(config).name == "lstm[R~identity]"
    assert build_cell({**config, "start": {"R": None}}).name == "lstm"


def test_a_gate_that_the_config_changed_can_be_fixed() -> None:
    assert built("lstm_b", f={"fix": 1}).name == "lstm_b[f=1]"
    assert built("lstm_b", f={"fix": 1}).digest == load_cell("lstm").fix("f", 1).digest
    assert built("lstm_cifg", f={"fix": 1}).digest == load_cell("lstm_nfg").digest


def test_a_config_without_a_change_of_its_file_has_the_name_of_the_base() -> None:
    assert built("lstm_b", f={"bias": 2}).name == "lstm[b.f=2]"
    assert built("lstm_b", f={"bias": None}).name == "lstm"
    assert built("lstm", base="gru", r={"fix": 1}).name == "gru[r=1]"
    off = built("lstm_peephole", f={"connect": {"peephole": None}})
    assert (off.name, off.digest) == (
        "lstm[i.peephole=c[t-1], f.peephole=off, o.peephole=c[t]]",
        load_cell("lstm_peephole").connect("f", peephole=None).digest,
    )


def test_a_new_cell_keeps_its_name() -> None:
    cell = build_cell({"name": "mine", "base": "lstm_peephole", "source": "me", "ablate": {"i": {"fix": 1}}})
    assert (cell.name, cell.source) == ("mine[i=1]", "me")
    assert cell.digest == load_cell("lstm_nig").digest
    assert build_cell({"base": "lstm_nig"}).name == "lstm_nig"


def test_a_note_is_about_the_equations_of_the_cell() -> None:
    assert build_cell({"name": "mine", "base": "lstm"}).note == load_cell("lstm").note
    assert "Equals torch.nn.LSTM" in load_cell("lstm").note
    for config in ({"name": "mine", "base": "lstm"}, {"name": "lstm", "base": "lstm"}):
        assert build_cell({**config, "ablate": {"i": {"fix": 1}}}).note == ""
        assert build_cell({**config, "note": "No input gate.", "ablate": {"i": {"fix": 1}}}).note == "No input gate."
    assert built("lstm_no_forget").note == load_cell("lstm_no_forget").note
    assert built("lstm_no_forget", o={"fix": 1}).note == ""
    assert built("lstm_b", f={"bias": 2}).note == ""


def test_a_cell_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("base: lstm\nsource: me\nablate: {i: {fix: 1}}\n", encoding="utf-8")
    for cell in (load_cell(file), load_cell(str(file))):
        assert (cell.name, cell.source) == ("mine[i=1]", "me")
        assert cell.digest == load_cell("lstm_no_input").digest
    file.write_text("name: other\nbase: lstm\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"mine\.yaml has the name 'other'; it must be 'mine', the name of the file"):
        load_cell(file)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"- a", r"mine\.yaml is no config of a cell; it must have the keys name and base"),
        (b"a: [", r"mine\.yaml cannot be read as the config of a cell: while parsing"),
        (b"\xff", r"mine\.yaml cannot be read as the config of a cell: "),
        (b"name: mine", "There is no base cell 'None'"),
        (None, r"mine\.yaml cannot be read as the config of a cell: No such file or directory"),
    ],
)
def test_a_file_without_a_cell_is_one_sentence(content: bytes | None, sentence: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "mine.yaml").write_bytes(content)
    with pytest.raises(UserError, match=sentence):
        load_cell(tmp_path / "mine.yaml")


def test_the_order_of_a_config_does_not_matter() -> None:
    ablate = {"f": {"fix": 1}, "i": {"bias": 0, "activate": "relu"}}
    turned = {"i": {"activate": "relu", "bias": 0}, "f": {"fix": 1}}
    one, other = (build_cell({"base": "lstm_chrono", "ablate": each}) for each in (ablate, turned))
    assert one.digest == other.digest
    swapped = built("lstm_cifg", i={"tie": "1 - f"}, f={"tie": None, "fix": 0.5})
    assert swapped.definitions.constants == {"i": 0.5, "f": 0.5}


def test_a_bias_of_0_is_a_bias() -> None:
    """0 == False in Python, and off is False in YAML."""
    assert "b.f" in built("lstm_b", f={"bias": 0}).parameters
    assert "b.f" in built("lstm_b", f={"bias": 0.0}).parameters
    assert "b.f" not in built("lstm_b", f={"bias": False}).parameters
    assert "b.f" not in built("lstm_b", f={"bias": "off"}).parameters


def test_on_and_off_add_and_remove_terms() -> None:
    for word in (None, False, "off"):
        assert "W.i" not in built("lstm", i={"connect": {"inputs": word}}).parameters
    for word in (True, "on", "x"):
        assert "W.z" in built("gru1", z={"connect": {"inputs": word}}).parameters
    assert built("lstm", i={"connect": {"gates": "f"}}).gates["i"].gates == ("f",)


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"name": "lstm", "base": "lsmt"}, "There is no base cell 'lsmt'; did you mean 'lstm'"),
        ({"name": "lstm"}, "There is no base cell 'None'"),
        ({}, "There is no base cell 'None'"),
        ({"name": "mine", "base": "mine"}, "There is no base cell 'mine'"),
        ({"base": "lstm", "ablat": {}}, "There is no key 'ablat' of a cell; did you mean 'ablate'"),
        ({"base": "lstm", "ablate": [1]}, r"ablate is \[1\]; write for example ablate.i.fix=1"),
        ({"base": "lstm", "start": "identity"}, "start is 'identity'; write for example start.R=identity"),
        ({"base": "lstm", "start": {"Q": "identity"}}, "There is no letter 'Q' of initial weights"),
        ({"base": "lstm", "start": {"R": "sparse"}}, "There is no rule for initial weights 'sparse'"),
        ({"base": "lstm", "start": {"R": 5}}, "There is no rule for initial weights '5'"),
    ],
)
def test_a_wrong_config_raises_an_error_of_one_sentence(config: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        build_cell(config)


@pytest.mark.parametrize(
    ("ablate", "sentence"),
    [
        ({"q": {"fix": 1}}, "There is no gate 'q' of lstm. Allowed: f, g, i, o"),
        ({"out": {"fix": 1}}, "There is no gate 'out' of lstm"),
        ({"i": 1}, "ablate.i is 1; write for example ablate.i.fix=1"),
        ({"i": {"fx": 1}}, "There is no ablation 'fx' of i; did you mean 'fix'"),
        ({"i": {"fix": True}}, "The value of gate 'i' is True; it must be a finite number"),
        ({"i": {"fix": "abc"}}, "The value of gate 'i' is 'abc'"),
        ({"i": {"fix": float("inf")}}, "is inf; it must be a finite number"),
        ({"i": {"fix": [1]}}, r"is \[1\]; it must be a finite number"),
        ({"i": {"fix": 1, "tie": "f"}}, "ablate.i has both fix and tie"),
        ({"i": {"tie": "1 - q"}}, "There is no name 'q' in the formulas of .*"),
        ({"i": {"tie": "1 -"}}, "The formula '1 -' cannot be read"),
        ({"i": {"tie": True}}, "'True' is not allowed in the formula"),
        ({"i": {"tie": "1 - f"}, "f": {"tie": "1 - i"}}, "is a circle"),
        ({"i": {"activate": "softmax"}}, "There is no activation 'softmax'"),
        ({"i": {"activate": 3}}, "There is no activation '3'"),
        ({"out": {"activate": "sin"}}, "There is no output activation 'sin'"),
        ({"i": {"bias": "-z"}}, "There is no gate 'z' of .*"),
        ({"i": {"bias": "abc"}}, "An initial bias is 'abc'"),
        ({"i": {"bias": True}}, "An initial bias is True"),
        ({"i": {"bias": {"a": 1}}}, "An initial bias is {'a': 1}"),
        (
            {"i": {"connect": "recurrent"}},
            "ablate.i.connect is 'recurrent'; write for example ablate.i.connect.recurrent=off",
        ),
        ({"i": {"connect": {"recurrnt": None}}}, "There is no connection 'recurrnt'; did you mean 'recurrent'"),
        ({"i": {"connect": {"peephole": "h"}}}, None),
        ({"i": {"connect": {"peephole": "f"}}}, "There is no state 'f' of .* for the peephole of 'i'"),
        ({"i": {"connect": {"peephole": "c[t-2]"}}}, r"There is no .*|'c\[t-2\]' is not allowed"),
        ({"i": {"connect": {"peephole": True}}}, "connect.peephole is on; it must say what it connects to"),
        ({"i": {"connect": {"after": "q"}}}, "There is no gate 'q' of .*"),
        ({"i": {"connect": {"gates": ["i", "q"]}}}, "There is no gate 'q' of .*"),
        ({"i": {"connect": {"gates": 5}}}, "gates is 5; it must be a list of gates"),
        ({"i": {"connect": {"matrix": "sparse"}}}, "There is no matrix 'sparse'"),
        ({"i": {"connect": {"matrix": False}}}, "There is no matrix 'None'"),
        ({"i": {"connect": {"inputs": 2}}}, "inputs is 2; it must be a formula, or off"),
        ({"i": {"connect": {"recurrent": "q"}}}, "There is no name 'q' in the formulas of .*"),
        ({1: {"fix": 1}}, "There is no gate '1' of lstm"),
    ],
)
def test_a_wrong_ablation_raises_an_error_of_one_sentence(ablate: dict[Any, Any], sentence: str | None) -> None:
    if sentence is None:
        build_cell({"base": "lstm", "ablate": ablate})
        return
    with pytest.raises(UserError, match=sentence) as caught:
        build_cell({"base": "lstm", "ablate": ablate})
    assert "\n" not in str(caught.value)


def test_the_error_for_an_unknown_cell_has_the_nearest_name() -> None:
    with pytest.raises(UserError, match="There is no cell 'lstm_cifgs'; did you mean 'lstm_cifg'"):
        load_cell("lstm_cifgs")
