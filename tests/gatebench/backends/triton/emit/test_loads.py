from gatebench import load_cell
from gatebench.backends.fused.emit.memory_layout import Plane
from gatebench.backends.triton.emit.loads import Loads
from gatebench.backends.triton.emit.plan import plan

LSTM = plan(load_cell("lstm").definitions)
LOADED = {name: LSTM.layout.places[f"{name[0]}[t]"] for name in ("i_t", "f_t")}


def load(where: Plane, condition: str) -> str:
    return f"load({where.h_before}, {condition or 'always'})"


def test_a_short_step_loads_the_values_of_the_next_one() -> None:
    loads = Loads(LSTM, LOADED, load, "-", "t > 0", ahead=True)
    assert loads.before_the_loop() == ["i_t = load(0, always)", "f_t = load(1, always)"]
    assert loads.at_the_start() == [
        "saved -= (B * (4 * H))",
        "next_i_t = load(0, t > 0)",
        "next_f_t = load(1, t > 0)",
    ]
    assert loads.before({"i_t", "h_before"}) == []
    assert loads.at_the_end() == ["i_t = next_i_t", "f_t = next_f_t"]


def test_a_long_step_loads_each_value_before_its_first_use() -> None:
    loads = Loads(LSTM, LOADED, load, "+", "t + 1 < T", ahead=False)
    assert loads.before_the_loop() == loads.at_the_start() == []
    assert loads.before({"f_t", "h_before"}) == ["f_t = load(1, always)"]
    assert loads.before({"f_t", "i_t"}) == ["i_t = load(0, always)"]
    assert loads.at_the_end() == ["saved += (B * (4 * H))"]
