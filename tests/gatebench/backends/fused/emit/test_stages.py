"""One pass as C: the loops around its pointwise part."""

from gatebench import load_cell
from gatebench.backends.fused.emit.memory_layout import memory_layout
from gatebench.backends.fused.emit.stages import indented, stage_text


def test_a_pass_packs_and_runs_under_its_name() -> None:
    layout = memory_layout(load_cell("lstm").definitions)
    text = stage_text(layout, "back", layout.backward[0])
    assert "/* back: " in text
    assert all(f"back_{part}(" in text for part in ("pack", "reals", "run"))


def test_every_line_is_indented() -> None:
    assert indented(["a;", "b;"], 2) == "        a;\n        b;"
