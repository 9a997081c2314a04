import pytest

from gatebench.cells import cell_names, load_cell
from gatebench.derive.count import parameters
from gatebench.errors import UserError
from launch import cells


def printed(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert cells.run(argv) == 0
    return capsys.readouterr().out


def test_the_list_has_every_cell_with_its_gates_and_size(capsys: pytest.CaptureFixture[str]) -> None:
    rows = {line.split()[0]: line for line in printed(capsys).splitlines()[2:] if line}
    assert set(cell_names()) <= set(rows)
    assert "i=1 f g o" in rows["lstm_no_input"]
    assert f"{parameters(load_cell('gru'), cells.SIZE, cells.SIZE):,}" in rows["gru"]


def test_a_cell_is_shown_with_equations_and_cost(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "show", "lstm_no_input")
    assert "\ni = 1\n" in text
    assert "\\begin{aligned}" in text
    assert load_cell("lstm_no_input").digest in text
    assert f"{parameters(load_cell('lstm_no_input'), cells.SIZE, cells.SIZE):,}" in text


def test_an_ablation_is_shown_before_it_is_run(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "show", "lstm", "cell.ablate.i.fix=0,1")
    assert "lstm[i=0]:" in text
    assert load_cell("lstm_no_input").digest in text


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["shw", "lstm"], "There is no subject of gatebench cells 'shw'; did you mean 'show'?"),
        (["show"], "wants the name of a cell"),
        (["show", "lsmt"], "There is no cell 'lsmt'; did you mean 'lstm'?"),
        (["show", "lstm", "cell.ablate.q.fix=1"], "There is no gate of lstm 'q'"),
    ],
)
def test_mistakes_are_told_in_one_sentence(argv: list[str], sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        cells.run(argv)
    assert sentence in str(caught.value)


def test_help_is_there_with_and_without_a_subject(capsys: pytest.CaptureFixture[str]) -> None:
    for argv in (["--help"], ["show", "--help"]):
        with pytest.raises(SystemExit):
            cells.run(argv)
        assert "gatebench cells show lstm_no_input" in capsys.readouterr().out
