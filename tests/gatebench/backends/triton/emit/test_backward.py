import pytest

from gatebench import cell_names, load_cell
from gatebench.backends.triton.emit.backward import arguments, backward_kernel
from gatebench.backends.triton.emit.plan import plan


def loop(text: str) -> str:
    return text.split("for k in range(T):")[1]


def test_the_step_of_the_lstm_reads_as_its_derivatives() -> None:
    step = loop(backward_kernel(plan(load_cell("lstm").definitions), on_chip=True))
    assert "d_h_t = a_h_after + g_h_t" in step
    assert "d_R_g_t = tl.where(alive_H, d_g_t * (1.0 - g_t * g_t), 0.0)" in step
    assert "a_c_after = tl.where(alive_H, d_c_t * f_t, a_c_after)" in step
    assert "c_t = c_before" in step, "c[t-1] is c[t] of the next iteration, and is loaded once"


@pytest.mark.parametrize("name", cell_names())
def test_no_gradient_of_a_matrix_is_summed_up_in_the_loop(name: str) -> None:
    """The only products multiply an adjoint by a weight on chip: one for each, no outer product."""
    planned = plan(load_cell(name).definitions)
    text = backward_kernel(planned, on_chip=True)
    assert "weight_" not in loop(text)
    assert loop(text).count("product(") == len(planned.backward_weights)
    assert "tl.dot" not in text
    assert len(set(arguments(planned))) == len(arguments(planned))


def test_the_gradients_of_peepholes_are_sums_in_registers() -> None:
    text = backward_kernel(plan(load_cell("lstm_peephole").definitions), on_chip=True)
    assert "s_p_i_after = tl.where(alive_H, s_p_i_after + " in loop(text)
    assert loop(text).rpartition("tl.store(start")[2].count("tl.store(carry") == 3


@pytest.mark.parametrize("name", cell_names())
def test_matrices_that_do_not_fit_are_read_in_every_step(name: str) -> None:
    planned = plan(load_cell(name).definitions)
    text = backward_kernel(planned, on_chip=False)
    assert loop(text).count("streamed_product(") == len(planned.backward_weights)
    assert ("tl.debug_barrier()" in text) == bool(planned.backward_weights)
