import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gatebench.records.home import Home
from launch import plan
from launch.main import VERBS, main
from tests.gatebench.records.writing_record import WritingRecord as Record
from tests.launch.trials import outcome, trial
from tests.paths import ROOT

HEAVY = {"torch", "hydra", "mlflow", "ray", "pytorch_lightning", "rich", "numpy"}
COMMAND = [sys.executable, "-c", "from launch.main import main; raise SystemExit(main())"]


def test_help_names_every_verb_and_every_verb_has_a_module(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == main([]) == 0
    out = capsys.readouterr().out
    launch = ROOT / "launch"
    for verb in VERBS:
        assert f"  {verb} " in out
        assert (launch / f"{verb.replace('-', '_')}.py").exists()


def test_help_imports_nothing_heavy() -> None:
    code = f"import sys; from launch.main import main; main(['--help']); sys.exit(bool({HEAVY} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=False).returncode == 0


SLOW_TO_IMPORT = {"torch", "mlflow", "ray", "pytorch_lightning", "matplotlib", "pandas", "sqlalchemy", "rich"}


@pytest.mark.parametrize(
    ("argv", "avoided"),
    [
        (["plan", "experiment=quickstart"], ["scipy"]),
        (["plan", "study=mine"], ["scipy"]),
        (["table", "study=mine"], []),
        (["cells"], ["hydra", "scipy", "numpy"]),
        (["cells", "show", "lstm"], ["scipy", "numpy"]),
    ],
    ids=str,
)
def test_plans_tables_and_cells_import_nothing_slow(argv: list[str], avoided: list[str], tmp_path: Path) -> None:
    Record(Home(tmp_path), "mine").end(trial(), outcome(trial()))
    code = (
        "import sys; from launch.main import main; code = main(sys.argv[1:]); "
        f"found = {SLOW_TO_IMPORT | set(avoided)} & set(sys.modules); print(found, file=sys.stderr); "
        "sys.exit(code or len(found))"
    )
    environment = {**os.environ, "GATEBENCH_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code, *argv], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb_shows_examples(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code: object = main([verb, "--help"])
    except SystemExit as done:
        code = done.code
    assert code == 0
    assert re.search(rf"\n *gatebench {verb}\b", capsys.readouterr().out)


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("gatebench 0.")


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["swep"], "gatebench: There is no verb 'swep'; did you mean 'sweep'? Allowed: cells,"),
        (["plan", "cell=lsmt"], "gatebench: There is no cell 'lsmt'; did you mean 'lstm'?"),
        (["train", "seed=0,1"], "gatebench: These settings span 2 trials, and train runs one; use gatebench sweep."),
        (["sweep", "model.hidden_size=0"], "gatebench: model.hidden_size is 0"),
        (["ui"], "gatebench: There are no records at sqlite:///"),
        (["table"], "gatebench: There are no records at sqlite:///"),
    ],
)
def test_a_mistake_is_one_sentence_and_leaves_nothing_behind(
    argv: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GATEBENCH_HOME", str(tmp_path / "home"))
    assert main(argv) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(sentence)
    assert captured.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_is_a_sentence_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(argv: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(plan, "run", interrupted)
    assert main(["plan"]) == 130
    assert capsys.readouterr().err == "gatebench: stopped.\n"


def test_a_reader_that_goes_away_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*COMMAND, "cells"], stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("address", ["mssql+pyodbc://me:s3cret@db/x", "mssql+pyodbc://db/x?password=s3cret"])
@pytest.mark.parametrize("argv", [["plan", "--cfg", "job"], ["plan", "seed=["], ["table", "tracking_uri='{}"]])
def test_credentials_are_never_printed(
    argv: list[str], address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    for settings in ([], [f"tracking_uri='{address}'"], [f"study={address}", f"tracking_uri='{address}"]):
        main([text.format(address) for text in [*argv, *settings]])
        captured = capsys.readouterr()
        assert captured.out + captured.err
        assert "s3cret" not in captured.out + captured.err


@pytest.mark.parametrize("module", ["launch", "launch.main"])
def test_the_command_can_be_run_as_a_module(module: str) -> None:
    done = subprocess.run([sys.executable, "-m", module, "plna"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("gatebench: There is no verb 'plna'; did you mean 'plan'?")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
@pytest.mark.parametrize("argv", [["cells"], ["cells", "show", "lstm"], ["--help"], ["plan", "cell=lsmt…"]])
def test_an_output_without_unicode_gets_plain_characters(encoding: str, argv: list[str], tmp_path: Path) -> None:
    variables = {**os.environ, "PYTHONIOENCODING": encoding, "GATEBENCH_HOME": str(tmp_path)}
    done = subprocess.run([*COMMAND, *argv], env=variables, capture_output=True, check=False)
    assert done.returncode == (2 if argv[0] == "plan" else 0)
    assert "Traceback" not in (text := (done.stdout + done.stderr).decode(encoding))
    assert "..." in text or argv[0] == "cells"
    assert "…" not in text


def test_a_full_disk_is_one_sentence() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run([*COMMAND, "cells"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        assert subprocess.run([*COMMAND, "plna"], stdout=full, stderr=full, check=False).returncode == 2
    assert done.returncode == 2
    assert done.stderr == (
        "gatebench: The standard output, or a file, cannot be written to (No space left on device); "
        "make space and run the command again.\n"
    )


@pytest.mark.parametrize("kilobytes", [0, pytest.param(100, marks=pytest.mark.slow)])
def test_a_home_on_a_full_disk_gives_no_traceback(kilobytes: int, tmp_path: Path) -> None:
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({kilobytes * 1000}, {kilobytes * 1000}))"
    argv = ["train", "task=digits", "cell=gru", "model.hidden_size=2", "training.max_epochs=1", f"home={tmp_path}"]
    done = subprocess.run(
        [sys.executable, "-c", f"{limit}; {COMMAND[2]}", *argv], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("gatebench: ")


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_closed_stream_is_no_error(stream: str) -> None:
    code = f"import sys; sys.{stream} = None; {COMMAND[2]}"
    done = subprocess.run([sys.executable, "-c", code, "--version"], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
