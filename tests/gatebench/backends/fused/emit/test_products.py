"""The products of a stage: which values read which, and how much memory the packed weights take."""

from gatebench import load_cell
from gatebench.backends.fused.emit.constants import DOTS_AT_ONCE, ROW_BLOCKS
from gatebench.backends.fused.emit.memory_layout import memory_layout
from gatebench.backends.fused.emit.products import groups, packed_size, products, uses, vectors_per_tile


def test_operands_are_read_once_for_all_dots() -> None:
    layout = memory_layout(load_cell("lstm").definitions)
    (group,) = groups(layout.forward[0])
    assert {operand: len(own) for operand, own in uses(group).items()} == {"x[t]": 4, "h[t-1]": 4}
    assert packed_size(layout, group, 1) == "(4 * a->I + 4 * a->H) * 1 * LANES"
    assert products(layout, "p", group, 1).count("for (int64_t k = 0") == 2


def test_the_sums_of_a_block_fill_the_registers() -> None:
    for cell in ("lstm", "rnn_tanh", "janet", "lstm_cifg", "gru"):
        for stage in memory_layout(load_cell(cell).definitions).forward:
            vectors = max(map(len, groups(stage))) * vectors_per_tile(stage)
            assert ROW_BLOCKS[0] % vectors == 0
            assert vectors <= DOTS_AT_ONCE
