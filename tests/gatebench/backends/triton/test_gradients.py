from gatebench import load_cell
from gatebench.backends.triton.emit.plan import plan
from gatebench.backends.triton.gradients import terms_of_input


def test_the_gradient_of_x_is_a_sum_of_products_and_of_a_pointwise_part() -> None:
    lstm, attention = (plan(load_cell(name).definitions) for name in ("lstm", "lstm_attention_input"))
    assert terms_of_input(lstm.layout.derived.input) == [
        ("W.o", "d/R.o[t]"),
        ("W.g", "d/R.g[t]"),
        ("W.f", "d/R.f[t]"),
        ("W.i", "d/R.i[t]"),
    ]
    assert terms_of_input(attention.layout.derived.input)[0] == (None, "e/x[t]")
