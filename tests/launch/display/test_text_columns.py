from launch.display.text_columns import align


def test_columns_are_as_wide_as_their_widest_text() -> None:
    assert align([("cell", "n"), ("lstm_no_input", "3"), ("gru", "10")], "lr") == (
        "cell            n\n-----------------\nlstm_no_input   3\ngru            10"
    )


def test_lines_have_no_spaces_at_their_end() -> None:
    assert all(line == line.rstrip() for line in align([("a", "b"), ("1", ""), ("2", "long")], "ll").splitlines())
