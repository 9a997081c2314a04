from gatebench.colours import PALETTE, colours_of


def test_the_same_name_has_the_same_colour() -> None:
    assert colours_of(["lstm", "gru", "lstm"]) == {"lstm": PALETTE[0], "gru": PALETTE[1]}


def test_the_colours_that_are_known_stay_and_are_not_given_twice() -> None:
    first = colours_of(["a", "b"])
    assert colours_of(["c", "b"], {"b": PALETTE[0]}) == {"b": PALETTE[0], "c": PALETTE[1]}
    assert colours_of(["b", "c", "a"], first) == {**first, "c": PALETTE[2]}


def test_many_cells_repeat_the_colours() -> None:
    colours = colours_of(map(str, range(40)))
    assert len(colours) == 40
    assert len({colours[str(index)] for index in range(16)}) == 16
    assert set(colours.values()) == set(PALETTE)
