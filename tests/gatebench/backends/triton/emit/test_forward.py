import pytest

from gatebench import cell_names, load_cell
from gatebench.backends.triton.emit.forward import arguments, forward_kernel, variable_of_product
from gatebench.backends.triton.emit.plan import plan


def loop(text: str) -> str:
    return text.split("for t in range(T):")[1]


def test_the_step_of_the_lstm_reads_as_its_equations() -> None:
    text = forward_kernel(plan(load_cell("lstm").definitions), on_chip=True)
    step = loop(text)
    assert "i_t = tl.where(alive_H, sigmoid(W_i_x + b_i + product(h_before, R_i, PRECISION)), 0.0)" in step
    assert "c_t = tl.where(alive_H, f_t * c_before + i_t * g_t, 0.0)" in step
    assert "h_t = tl.where(alive_H, o_t * tanh(c_t), 0.0)" in step
    assert 'do_not_specialize=["T", "B"]' in text, "one compiled kernel serves every T and B"
    assert step.index("next_W_i_x = ") < step.index("i_t = "), "the next step is loaded before this one is computed"


@pytest.mark.parametrize("name", cell_names())
def test_weights_are_loaded_before_the_loop_only(name: str) -> None:
    planned = plan(load_cell(name).definitions)
    text = forward_kernel(planned, on_chip=True)
    assert "weight_" not in loop(text)
    assert loop(text).count("product(") == len(planned.forward_weights)
    assert not any(variable_of_product(weight) == weight for weight in planned.hoisted)
    assert len(set(arguments(planned))) == len(arguments(planned))


@pytest.mark.parametrize("name", cell_names())
def test_matrices_that_do_not_fit_are_read_in_every_step(name: str) -> None:
    planned = plan(load_cell(name).definitions)
    text = forward_kernel(planned, on_chip=False)
    assert loop(text).count("streamed_product(") == len(planned.forward_weights)
    assert ("tl.debug_barrier()" in text) == bool(planned.forward_weights)
