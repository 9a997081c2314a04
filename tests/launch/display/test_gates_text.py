from dataclasses import replace

import numpy as np

from gatebench.report.gates_page.page import GatesPage
from gatebench.report.gates_page.payload import GateValues
from gatebench.views import Curves, View, Words
from launch.display.gates_text import gates_text

KEEP = GateValues("keep (f)", True, np.array([[0.0, 0.0], [0.25, 0.75], [1.0, 1.0]]))
CANDIDATE = GateValues("candidate (g)", False, np.array([[-1.0], [0.0], [1.0]]))
SENTENCE = Words(("not", "very", "good"))


def page(view: View, *layers: list[GateValues], parts: tuple[str, ...] = ()) -> GatesPage:
    return GatesPage("", {}, (), (), view, layers, [1] * len(layers), parts or [""] * len(layers))


def test_words_are_listed_with_the_means_of_their_gates() -> None:
    assert gates_text(page(SENTENCE, [KEEP]), 80, colours=False).splitlines() == [
        "      keep (f)",
        "--------------",
        "not       0.00",
        "very      0.50",
        "good      1.00",
        "",
        "keep (f)  ▁▅█  0 to 1, mean 0.50",
    ]


def test_words_are_coloured_by_gates_in_the_unit_interval() -> None:
    text = gates_text(page(SENTENCE, [KEEP, CANDIDATE]), 80, colours=True)
    assert "keep (f), 0.00 (white) to 1.00 (black)\n" in text
    assert "\x1b[48;5;255m\x1b[38;5;16mnot\x1b[0m" in text
    assert "\x1b[48;5;232m\x1b[38;5;231mgood\x1b[0m" in text
    assert text.count("very\x1b[0m") == 1


def test_long_texts_are_not_listed() -> None:
    view = Words(tuple("a" * 61))
    assert gates_text(page(view, [GateValues("f", True, np.zeros((61, 1)))]), 80, colours=False).count("\n") == 0


def test_every_layer_has_its_courses_and_they_fit_the_width() -> None:
    gate = GateValues("keep (f)", True, np.linspace(0, 1, 500)[:, None])
    text = gates_text(page(Curves(np.zeros((500, 1)), ("x",)), [gate], [gate]), 60, colours=False)
    assert text.startswith("layer 1\nkeep (f)  ▁")
    assert "\n\nlayer 2\n" in text
    assert max(map(len, text.splitlines())) <= 60


def test_a_part_with_other_steps_has_its_own_words() -> None:
    two = GateValues("keep (f)", True, np.array([[0.5], [1.0]]))
    shown = replace(
        page(SENTENCE, [KEEP], [two], parts=("encoder", "decoder")), part_views={"decoder": Words(("a", "b"))}
    )
    encoder, decoder = gates_text(shown, 80, colours=False).split("layer 2, decoder\n")
    assert encoder.startswith("layer 1, encoder\n")
    assert "very      0.50" in encoder
    assert decoder.splitlines()[3].split() == ["b", "1.00"]
    assert "very" not in decoder
