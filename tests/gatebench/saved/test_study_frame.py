import subprocess
import sys

import gatebench
from gatebench.study import Study
from tests.gatebench.saved.conftest import TrainedStudy


def test_a_study_is_a_frame_with_one_row_a_trial(trained_study: TrainedStudy) -> None:
    frame = gatebench.load_study("mine", home=trained_study.home).set_index("digest")
    assert len(frame) == 2
    row = frame.loc[trained_study.trained.digest]
    assert (row["cell"], row["seed"], row["status"]) == ("gru", 1, "finished")
    assert row["params.model.hidden_size"] == 4
    assert row["score"] == row["metrics.test/accuracy"] == trained_study.outcome.metrics["test/accuracy"]
    assert frame.loc[trained_study.failed.digest, "sentence"] == "So it was."
    assert Study.from_json(frame.attrs["study"]).name == "mine"


def test_the_import_of_gatebench_imports_no_framework() -> None:
    code = "import sys, gatebench; sys.exit(bool({'torch', 'pandas', 'mlflow', 'pyarrow'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
