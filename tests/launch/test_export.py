from pathlib import Path

import pytest

from gatebench.export import onnx_check
from launch import export
from launch.main import main
from tests.gatebench.saved.conftest import TrainedStudy, trained_study

__all__ = ["trained_study"]


@pytest.fixture(autouse=True)
def use_home(trained_study: TrainedStudy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEBENCH_HOME", str(trained_study.home))


def test_a_network_is_written_in_both_formats(
    trained_study: TrainedStudy,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    digest = trained_study.trained.digest
    assert main(["export", "study=mine"]) == 0
    first, second, path = capsys.readouterr().out.splitlines()
    assert first.startswith(f"gru · digits · seed 1 · trial {digest}, best validation accuracy 0.")
    assert second.startswith("largest difference from the network on 11 test examples: ")
    assert path == str(trained_study.home / "exports" / f"mine_gru_{digest[:8]}.onnx")
    assert Path(path).stat().st_size > 1000
    file = tmp_path / "new" / "gru.safetensors"
    assert main(["export", "study=mine", f"digest={digest[:4]}", "format=torch", f"file={file}"]) == 0
    assert capsys.readouterr().out.splitlines()[2:] == [str(file), str(file.with_suffix(".py"))]
    assert "nn.GRU(1, 4)" in file.with_suffix(".py").read_text(encoding="utf-8")


MISTAKES = {
    "study=min": "There is no study 'min' in these records; did you mean 'mine'?",
    "format=onx": "There is no format 'onx' of an exported network; did you mean 'onnx'? Allowed: onnx, torch.",
    "file=a.pt": "file is a.pt; with format=onnx, its name must end in .onnx.",
    "cell=lstm": "None of these 1 trials has finished, so that none of them is the best.",
}


def test_mistakes_are_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    for argument, sentence in MISTAKES.items():
        assert main(["export", "study=mine", argument]) == 2
        error = capsys.readouterr().err
        assert error.startswith(f"gatebench: {sentence}")
        assert error.count("\n") == 1


def test_a_network_that_differs_and_missing_packages_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(onnx_check, "largest_difference", lambda *arguments: 0.01)
    file = tmp_path / "a.onnx"
    assert main(["export", "study=mine", f"file={file}"]) == 2
    assert "by 1.0e-02 on 11 test examples, more than 0.0001, so that it was not written." in capsys.readouterr().err
    assert not file.exists()
    monkeypatch.setattr(export, "find_spec", lambda name: None)
    assert main(["export", "study=mine", f"file={file}"]) == 2
    assert "needs the packages onnx and onnxruntime: pip install 'gatebench[export]'." in capsys.readouterr().err
