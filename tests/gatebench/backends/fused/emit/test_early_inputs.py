"""The products with x of one sequence, before the time loop: the same bits as in the loop."""

import pytest
import torch
from torch import Tensor

from gatebench import load_cell
from gatebench.backends import fused
from gatebench.backends.fused.emit.constants import EARLY_STEPS
from gatebench.backends.fused.emit.early_inputs import all_begins_text, begun_before, begun_sums, early_groups
from gatebench.backends.fused.emit.memory_layout import memory_layout
from gatebench.backends.fused.emit.source import body
from tests.gatebench.backends.agree import draw


def test_each_stage_that_reads_x_begins_with_it() -> None:
    assert [early_groups(stage) for stage in memory_layout(load_cell("lstm").definitions).forward] == [{0}]
    peepholes = memory_layout(load_cell("lstm_peephole").definitions).forward
    assert [early_groups(stage) for stage in peepholes] == [{0}] * len(peepholes)
    reset = memory_layout(load_cell("gru_before").definitions).forward
    assert {0} in [early_groups(stage) for stage in reset]


def test_the_sums_of_the_stages_follow_each_other() -> None:
    assert begun_before([]) == "0"
    assert begun_before(["a", "b"]) == "a_begun_reals(a) + b_begun_reals(a)"
    (stage,) = memory_layout(load_cell("lstm").definitions).forward
    assert begun_sums(stage, 0, "s") == "begun + ((u * early_steps(a) + s) * 4 + 0) * LANES"
    assert "forward1_begin(a, &steps, w, begun);" in all_begins_text(["forward0", "forward1"])


def test_only_the_forward_pass_has_early_products() -> None:
    text = body(memory_layout(load_cell("lstm").definitions))
    assert "forward0_0_products((int)rows, INPUTS," in text
    assert "backward0_0_products((int)rows, INPUTS," not in text


@pytest.mark.parametrize("name", ["lstm", "lstm_peephole", "gru_before", "lstm_fgr", "minlstm"])
@pytest.mark.parametrize("steps", [2, 13, EARLY_STEPS + 3])
def test_one_sequence_alone_has_the_bits_that_it_has_in_a_batch(name: str, steps: int) -> None:
    cell = load_cell(name)
    weights, x, state = draw(cell, steps, 3, 5, 6)

    def run(first: int, last: int) -> list[Tensor]:
        result = fused.run(
            cell, weights, x[:, first:last].contiguous(), tuple(part[first:last] for part in state), None, True
        )
        return [result.output, *result.gates.values(), *(part[None] for part in result.state)]

    together = run(0, 3)
    for number in range(3):
        alone = run(number, number + 1)
        assert all(torch.equal(a[:, 0], b[:, number]) for a, b in zip(alone, together, strict=True))
