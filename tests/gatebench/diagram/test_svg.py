from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from gatebench import Cell, Gate, cell_names, load_cell
from gatebench.diagram.diagram import diagram
from gatebench.diagram.svg import GREY, svg
from tests.contracts.test_tables import tables
from tests.gatebench.diagram.test_diagram import drawn

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", cell_names())
def test_the_svg_is_well_formed_and_has_every_node_and_edge(name: str) -> None:
    picture = drawn(name)
    root = ElementTree.fromstring(svg(picture))
    groups = {g.attrib["data-name"]: g for g in root.iter(f"{SVG}g") if "data-name" in g.attrib}
    assert set(groups) == set(picture.nodes)
    for node in picture.nodes.values():
        assert ("ablated" in groups[node.name].attrib["class"]) == node.ablated
        assert groups[node.name].find(f"{SVG}rect") is not None
        assert node.inside in "".join(groups[node.name].itertext())
    assert len([p for p in root.iter(f"{SVG}path") if "marker-end" in p.attrib]) == len(picture.edges)
    _, _, wide, tall = map(float, root.attrib["viewBox"].split())
    assert 0 < tall < wide < 2000


@pytest.mark.parametrize("name", cell_names())
def test_grey_is_in_the_svg_if_and_only_if_something_is_ablated(name: str) -> None:
    picture = drawn(name)
    gone = any(n.ablated for n in picture.nodes.values()) or any(e.ablated for e in picture.edges)
    assert (GREY in svg(picture)) == gone


def test_a_constant_gate_is_labelled_with_its_value() -> None:
    assert ">i = 1</text>" in svg(drawn("lstm_nig"))


def test_the_same_diagram_gives_the_same_svg() -> None:
    assert svg(drawn("slstm")) == svg(drawn("slstm"))


def test_names_are_escaped() -> None:
    odd = diagram(Cell('<b>&"', "", ("h",), {"n": Gate("tanh")}, lambda h, n: (n,)))
    root = ElementTree.fromstring(svg(odd))
    assert root.findtext(f"{SVG}title") == '<b>&"'
    assert "<b>" not in svg(odd)


def test_the_legend_names_each_kind_of_edge() -> None:
    text = svg(diagram(load_cell("lstm_fgr")))
    for meaning in ("W, from the input", "R, from the last step", "a peephole", "gates of the last step", "pointwise"):
        assert meaning in text
    assert "ablated" not in text


@settings(max_examples=60, deadline=None, derandomize=True)
@given(tables())
def test_every_cell_that_methods_of_cells_can_build_is_drawn(cell: Cell) -> None:
    picture = diagram(cell, load_cell(cell.name.partition("[")[0]))
    shown = {g.attrib.get("data-name") for g in ElementTree.fromstring(svg(picture)).iter(f"{SVG}g")}
    assert {f"{name}[t]" for name in (*cell.gates, *cell.states)} <= shown
    assert {e.weight for e in picture.edges if not e.ablated} >= {w for w in cell.parameters if w[0] not in "bd"}


def test_a_cell_without_inputs_is_drawn() -> None:
    assert "n = 0" in svg(diagram(load_cell("rnn_relu").fix("n", 0)))
