from pathlib import Path

import numpy as np
import pytest

from gatebench.errors import UserError
from gatebench.own_input import OwnInput
from gatebench.views import Curves
from tasks.series.window_views import own_window

TRAINING = np.array([[0.0, 10.0], [2.0, 30.0]])  # means 1 and 20, standard deviations 1 and 10


def csv_file(path: Path, *rows: str) -> OwnInput:
    path.write_text("\n".join(["b,a,other", *rows]) + "\n")
    return OwnInput(file=path)


def test_the_end_of_a_file_is_standardised_by_the_training_part(tmp_path: Path) -> None:
    given = csv_file(tmp_path / "mine.csv", "0,0,7", "30,3,7", "10,1,7")
    example = own_window(given, TRAINING, ("a", "b"), input_length=2, subtract_last=False)
    assert example.batch.x[:, 0].tolist() == [[2.0, 1.0], [0.0, -1.0]]
    assert isinstance(example.view, Curves)
    assert example.view.names == ("a", "b")
    assert example.notes == ("The network reads the last 2 of the 3 rows.",)
    changes = own_window(given, TRAINING, ("a", "b"), input_length=2, subtract_last=True)
    assert changes.batch.x[:, 0].tolist() == [[2.0, 2.0], [0.0, 0.0]]


def test_a_file_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    columns = ("a", "b")
    with pytest.raises(UserError, match=r"has 1 rows; the network reads 2\.$"):
        own_window(csv_file(tmp_path / "a.csv", "1,1,1"), TRAINING, columns, input_length=2, subtract_last=False)
    with pytest.raises(UserError, match=r"has missing values in its last 2 rows\.$"):
        own_window(
            csv_file(tmp_path / "a.csv", "1,1,1", ",1,1"), TRAINING, columns, input_length=2, subtract_last=False
        )
    with pytest.raises(UserError, match="c"):
        own_window(csv_file(tmp_path / "a.csv", "1,1,1"), TRAINING, ("a", "c"), input_length=1, subtract_last=False)
    with pytest.raises(UserError, match="reads a file and no text"):
        own_window(OwnInput(text="1"), TRAINING, columns, input_length=1, subtract_last=False)
