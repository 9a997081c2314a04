from gatebench.backends.triton.emit.kernel_text import BARRIER
from gatebench.backends.triton.emit.visible import Visible
from gatebench.spec.dated import DatedName
from gatebench.spec.expression import Expr, name

EARLIER = Expr("matmul", ("R.z", name("h[t-1]")))
SAME_STEP = Expr("matmul", ("R.n", name("q0/[t]"))) + name("r[t]")


def test_a_product_waits_for_the_value_that_was_stored_in_its_step() -> None:
    visible = Visible(False, [EARLIER, SAME_STEP])
    assert visible.at_the_start() == [BARRIER]
    assert visible.before(SAME_STEP) == []
    visible.stored(DatedName("r[t]"))
    assert visible.before(SAME_STEP) == [], "r is read pointwise, from a register"
    visible.stored(DatedName("q0/[t]"))
    assert visible.before(EARLIER) == []
    assert visible.before(SAME_STEP) == [BARRIER]
    assert visible.before(SAME_STEP) == [], "one barrier is enough"


def test_operands_on_chip_and_x_need_no_barrier() -> None:
    assert Visible(True, [EARLIER]).at_the_start() == []
    assert Visible(False, [Expr("matmul", ("W.z", name("x[t]")))]).at_the_start() == []
