from gatebench import load_cell
from gatebench.backends.triton.emit import kernel_text
from gatebench.backends.triton.emit.plan import plan
from gatebench.spec.expression import Expr, lift, name

LSTM = plan(load_cell("lstm").definitions)
PLACES = LSTM.layout.places


def test_an_address_names_its_plane() -> None:
    assert kernel_text.address(LSTM, PLACES["i[t]"]) == "saved + at_saved_H"
    assert kernel_text.address(LSTM, PLACES["g[t]"]) == "saved + at_saved_H + (2 * H)"
    assert kernel_text.address(LSTM, PLACES["c[t]"], "1") == "memory + at_memory_H + 1 * (B * (1 * H))"
    assert kernel_text.offsets(LSTM, [PLACES["i[t]"], PLACES["f[t]"]]) == [
        "at_saved_H = rows[:, None] * (4 * H) + units_H[None, :]"
    ]


def test_a_matrix_is_loaded_as_the_product_reads_it() -> None:
    (forward,) = kernel_text.matrix_loads(LSTM, ["R.i"], transposed=True)
    (backward,) = kernel_text.matrix_loads(LSTM, ["R.i"], transposed=False)
    loaded = (
        "tl.load(weight_R_i + units_H[:, None] * H + units_H[None, :], mask=in_H[:, None] & in_H[None, :], other=0.0)"
    )
    assert (forward, backward) == (f"R_i = tl.trans({loaded})", f"R_i = {loaded}")
    assert kernel_text.product(Expr("matmul", ("R.i", name("h[t-1]")))) == "product(h_before, R_i, PRECISION)"


def test_a_number_becomes_a_tile() -> None:
    assert kernel_text.whole("0.5", lift(0.5), "H") == "tl.full((ROWS, WIDE_H), 0.5, tl.float32)"
    assert kernel_text.whole("c_t", name("c[t]"), "H") == "c_t"


def test_loads_and_stores_are_masked() -> None:
    assert kernel_text.load("a", "H") == "tl.load(a, mask=inside_H, other=0.0).to(tl.float32)"
    assert kernel_text.load("a", "I", "t > 0") == "tl.load(a, mask=inside_I & (t > 0), other=0.0).to(tl.float32)"
    assert kernel_text.store("a", "c_t", "H") == "tl.store(a, c_t, mask=inside_H)"


def test_an_operand_in_memory_is_read_from_its_plane() -> None:
    read = Expr("matmul_t", ("R.f", name("d/R.f[t]")))
    place = "ring + (2 * H), rows * (4 * H), rows < B"
    sizes = "H, H, H, 1, ROWS, WIDE_H, BLOCK_H, PRECISION"
    assert kernel_text.streamed_product(LSTM, read) == f"streamed_product({place}, weight_R_f, {sizes})"
    later = kernel_text.streamed_product(LSTM, Expr("matmul", ("R.f", name("c[t]"))))
    assert later.startswith(
        "streamed_product(memory + 1 * (B * (1 * H)), rows * (1 * H), rows < B, weight_R_f, H, H, 1, H"
    )
