import pytest
import yaml

from gatebench import Cell, build_cell, cell_names, load_cell
from gatebench.cells import load
from gatebench.diagram.diagram import Diagram, diagram


def base_of(name: str) -> Cell:
    text = (load._folder() / f"{name}.yaml").read_text(encoding="utf-8")
    return build_cell({"base": yaml.safe_load(text)["base"]})


def drawn(name: str) -> Diagram:
    return diagram(load_cell(name), base_of(name))


def ablated_edges(picture: Diagram) -> set[tuple[str, str]]:
    return {(e.source, e.target) for e in picture.edges if e.ablated}


@pytest.mark.parametrize("name", cell_names())
def test_every_gate_state_and_weight_is_in_the_diagram(name: str) -> None:
    cell, picture = load_cell(name), drawn(name)
    assert {f"{n}[t]" for n in (*cell.gates, *cell.states)} <= set(picture.nodes)
    assert {end for e in picture.edges for end in (e.source, e.target)} <= set(picture.nodes)
    weights = {e.weight for e in picture.edges if not e.ablated and e.weight}
    assert weights == {w for w in cell.parameters if w[0] != "b" and w[0] != "d"}


@pytest.mark.parametrize("name", cell_names())
def test_only_nodes_and_edges_that_the_cell_lacks_are_ablated(name: str) -> None:
    cell, base, picture = load_cell(name), base_of(name), drawn(name)
    gone = {w for w in base.parameters if w not in cell.parameters and w[0] not in "bd"}
    moved = {"mut3": {"R.z"}}  # it sees tanh(h) where its base sees h
    assert {e.weight for e in picture.edges if e.ablated and e.weight} == gone | moved.get(name, set())
    dead = {n.name for n in picture.nodes.values() if n.kind == "gate" and n.ablated}
    assert dead == {f"{g}[t]" for g in cell.gates if g not in cell.definitions.gates}
    if cell.definitions.text() == base.definitions.text() and not cell.definitions.constants:
        assert not picture.remarks
        assert not any(n.ablated for n in picture.nodes.values())


def test_a_constant_gate_has_its_value_as_label_and_its_edges_are_ablated() -> None:
    picture = drawn("lstm_nig")
    assert picture.nodes["i[t]"].label == "i = 1"
    assert {("x[t]", "i[t]"), ("h[t-1]", "i[t]"), ("c[t-1]", "i[t]")} < ablated_edges(picture)
    assert "i = 1" in picture.remarks
    assert "without W.i, b.i, R.i, p.i" in picture.remarks


def test_operations_of_a_constant_gate_are_ablated() -> None:
    picture = drawn("gru_no_update")
    assert sorted(n.label for n in picture.nodes.values() if n.ablated) == ["1 −", "z = 0", "⊙"]


def test_removed_peepholes_are_ablated_and_their_gates_are_not() -> None:
    picture = drawn("lstm_np")
    assert ablated_edges(picture) == {("c[t-1]", "i[t]"), ("c[t-1]", "f[t]"), ("c[t]", "o[t]")}
    assert not any(n.ablated for n in picture.nodes.values())


def test_a_skipped_output_activation_is_ablated_and_its_edges_are_not() -> None:
    picture = drawn("lstm_noaf")
    assert [n.label for n in picture.nodes.values() if n.ablated] == ["tanh"]
    assert not ablated_edges(picture)
    assert "out: tanh → identity" in picture.remarks


def test_a_gate_that_nothing_reads_is_ablated() -> None:
    picture = diagram(load_cell("gru").connect("n", after=None), load_cell("gru"))
    assert picture.nodes["r[t]"].ablated
    assert picture.nodes["r[t]"].label == "r: not read"


def test_remarks_name_changed_terms() -> None:
    assert "recurrent of z: h → tanh(h)" in drawn("mut3").remarks
    assert "activation of g: tanh → identity" in drawn("lstm_niaf").remarks


def test_removed_edges_that_would_close_a_cycle_are_left_out() -> None:
    base = load_cell("lstm_peephole")
    picture = diagram(base.connect("o", peephole=None).tie("i", "o"), base)
    assert ("c[t]", "o[t]") not in ablated_edges(picture)
    assert any("p.o" in remark for remark in picture.remarks)


def test_without_a_base_only_constant_gates_are_ablated() -> None:
    picture = diagram(load_cell("lstm_cifg"))
    assert not picture.remarks
    assert not ablated_edges(picture)
    assert diagram(load_cell("lstm").fix("o", 0)).nodes["o[t]"].label == "o = 0"
