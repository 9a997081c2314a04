import json
from pathlib import Path

from gatebench.records.home import Home
from gatebench.records.mlflow_data import dataset_content, dataset_input
from gatebench.task import build_task
from tests.gatebench.records.writing_record import WritingRecord as Record
from tests.launch.trials import DIGITS, MNIST, outcome, trial


def test_the_digest_follows_data_and_split() -> None:
    first, second = (
        dataset_input(dataset_content(build_task({**DIGITS, "split_seed": seed}))).dataset for seed in (0, 1)
    )
    assert first.name == "digits"
    assert second.name == "digits[split_seed=1]"
    assert first.digest != second.digest
    assert first.digest == dataset_input(dataset_content(build_task(DIGITS))).dataset.digest


def test_the_source_names_the_files_and_their_checksums() -> None:
    task = build_task(MNIST)
    dataset = dataset_input(dataset_content(task)).dataset
    source = json.loads(dataset.source)
    assert source["files"] == dict(task.checksums())
    assert source["licence"] == task.licence
    assert json.loads(dataset.profile)["steps"] == 784


def test_a_run_has_its_dataset(tmp_path: Path) -> None:
    record, lstm = Record(Home(tmp_path), "mine"), trial("lstm")
    record.end(lstm, outcome(lstm))
    experiment = record.client.get_experiment_by_name("mine")
    (run,) = record.client.search_runs([experiment.experiment_id])
    (found,) = run.inputs.dataset_inputs
    assert found.dataset.digest == dataset_input(dataset_content(lstm.build_task())).dataset.digest
