from gatebench import load_cell
from gatebench.diagram.graph import Edge, Graph


def edges(cell: str) -> set[Edge]:
    return set(Graph.of(load_cell(cell)).edges)


def test_each_connection_has_its_kind_and_weight() -> None:
    found = edges("lstm_fgr")
    assert Edge("x[t]", "i[t]", "input", "W.i") in found
    assert Edge("h[t-1]", "i[t]", "recurrent", "R.i") in found
    assert Edge("c[t-1]", "i[t]", "peephole", "p.i") in found
    assert Edge("c[t]", "o[t]", "peephole", "p.o") in found
    assert Edge("f[t-1]", "i[t]", "gates", "R.f.i") in found


def test_the_reset_gate_is_before_or_after_the_product() -> None:
    behind, before = Graph.of(load_cell("gru")), Graph.of(load_cell("gru_before"))
    assert any(e.kind == "recurrent" and behind.nodes[e.target].label == "⊙" for e in behind.edges)
    into = next(e for e in before.edges if e.weight == "R.n")
    assert (before.nodes[into.source].label, into.target) == ("⊙", "n[t]")


def test_a_diagonal_product_is_a_recurrent_connection() -> None:
    assert Edge("h[t-1]", "n[t]", "recurrent", "R.n") in edges("indrnn")


def test_labels_of_operations() -> None:
    labels = [node.label for node in Graph.of(load_cell("janet")).nodes.values() if node.kind == "op"]
    assert sorted(labels) == sorted(["⊙", "⊙", "+", "1 −", "σ", "− 1"])
    assert {"1 /", "−", "log σ", "max"} <= {node.label for node in Graph.of(load_cell("slstm")).nodes.values()}


def test_equal_formulas_are_one_node() -> None:
    graph = Graph.of(load_cell("lstm_attention_input"))
    product = next(e.target for e in graph.edges if e.source == "a[t]")
    assert {e.target for e in graph.edges if e.source == product} == {"i[t]", "f[t]", "g[t]", "o[t]"}


def test_both_ends_of_every_edge_are_nodes() -> None:
    for name in ("lstm", "gru", "slstm", "mut1", "minlstm", "mingru_log"):
        graph = Graph.of(load_cell(name))
        assert {end for e in graph.edges for end in (e.source, e.target)} <= set(graph.nodes)


def test_numbers_in_sums_are_operations() -> None:
    cell = load_cell("lstm").connect("i", plus="0.5").tie("f", "0.5 * i / 2 - o / 3")
    labels = {node.label for node in Graph.of(cell).nodes.values()}
    assert "+ 0.5" in labels
    assert "−" in labels
    bare = load_cell("lstm").connect("i", recurrent=None, inputs=None, plus="0.5")
    assert not any(e.kind == "input" for e in Graph.of(bare).edges if e.target == "i[t]")
