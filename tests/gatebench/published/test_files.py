"""The publications in the folders: those of `conf` are sound, and mistakes in a user's file are named."""

from pathlib import Path

import pytest
import yaml

from gatebench.cells import ARCHITECTURES, load_cell
from gatebench.errors import UserError
from gatebench.published.files import load_publications, publication_names
from gatebench.published.fitting import fitting
from gatebench.published.publication import Publication
from gatebench.task import Task, build_task
from tests.paths import ROOT

FILE = """
citation: Mine 2026
source: Mine, arXiv 1
year: 2026
results:
  a:
    place: Table 1
    task: digits
    metric: accuracy
    unit: "%"
    entries:
      lstm: {value: 98.10, mark: verified}
"""


def loaded(name: str, folder: Path | None = None) -> Publication:
    (publication,) = load_publications([name], folder)
    return publication


def user_folder(path: Path, text: str | bytes, name: str = "mine") -> Path:
    (path / "published").mkdir(exist_ok=True)
    content = text if isinstance(text, bytes) else text.encode()
    (path / "published" / f"{name}.yaml").write_bytes(content)
    return path


def task_configs(name: str) -> list[dict[str, object]]:
    """Return the configs of `conf/task` whose task has a name."""
    configs = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in (ROOT / "conf/task").glob("*.yaml")]
    return [config for config in configs if config["_target_"].split(".")[-2] == name]


@pytest.mark.parametrize("name", publication_names())
def test_a_publication_of_gatebench_fits_its_tasks(name: str) -> None:
    publication = loaded(name)
    for result in publication.results:
        configs = task_configs(result.task)
        tasks: list[Task] = [build_task(config) for config in configs]
        assert fitting([publication], {task.name: task.metrics for task in tasks})
        entries = [result.conditions, *(entry.conditions for entry in result.entries)]
        keys = {key.removeprefix("task.") for one in entries for key in one if key.startswith("task.")}
        assert keys <= configs[0].keys(), "a condition that no trial can meet"


def test_a_value_keeps_its_digits_and_a_cell_has_its_digest(tmp_path: Path) -> None:
    (entry,) = loaded("mine", user_folder(tmp_path, FILE)).results[0].entries
    assert (entry.value, entry.digest) == ("98.10", load_cell("lstm").digest)


def test_a_file_of_the_user_comes_before_one_of_gatebench(tmp_path: Path) -> None:
    folder = user_folder(tmp_path, FILE, "greff2017")
    assert loaded("greff2017", folder).citation == "Mine 2026"
    assert loaded("greff2017").citation == "Greff et al. 2017"
    assert publication_names(folder) == publication_names()


def test_each_name_counts_once() -> None:
    assert [one.name for one in load_publications(["greff2017", "chung2014", "greff2017"])] == [
        "greff2017",
        "chung2014",
    ]
    assert load_publications([]) == ()


@pytest.mark.parametrize("name", ["gref", "../config", "", "published/greff2017"])
def test_an_unknown_name_has_a_sentence(name: str) -> None:
    with pytest.raises(UserError, match=f"There is no publication '{name}'.* Allowed: .*greff2017"):
        loaded(name)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("lstm:", "lsmt:", "There is no cell 'lsmt' in published/mine.yaml, results.a; did you mean 'lstm'?"),
        ("verified}", "verified, near: [gruu]}", "There is no cell 'gruu' in published/mine.yaml, results.a; did you"),
        ("task: digits", "task: digit", "There is no task 'digit' in published/mine.yaml, results.a; did you mean"),
        ("place:", "place", "published/mine.yaml is not a YAML file: there is a mistake in line 8."),
        ("citation: Mine", "citation: !!python/object:os.system Mine", ""),
    ],
)
def test_a_mistake_in_a_file_has_a_sentence(old: str, new: str, sentence: str, tmp_path: Path) -> None:
    folder = user_folder(tmp_path, FILE.replace(old, new, 1))
    if not sentence:  # a tag makes no object: the text stays a text
        assert loaded("mine", folder).citation == "Mine 2026"
        return
    with pytest.raises(UserError) as caught:
        loaded("mine", folder)
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "published/mine.yaml is empty; it must be a mapping of keys and values."),
        (b"\xff", "published/mine.yaml is not a YAML file: there is a mistake."),
        (b"[" * 20_000, "published/mine.yaml is not a YAML file: there is a mistake"),
        (b" " * 1_000_001, "published/mine.yaml has 1,000,001 bytes; at most 1,000,000 are allowed."),
    ],
)
def test_a_file_that_is_none_has_a_sentence(content: bytes, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        loaded("mine", user_folder(tmp_path, content))
    assert str(caught.value).startswith(sentence)


def test_an_architecture_that_is_no_cell_may_have_an_entry() -> None:
    (publication,) = load_publications(["tcn2018"])
    entries = {entry.cell: entry for result in publication.results for entry in result.entries}
    assert entries["tcn"].digest == ARCHITECTURES["tcn"].digest


def test_a_cell_of_the_user_may_have_an_entry(tmp_path: Path) -> None:
    (tmp_path / "cell").mkdir()
    (tmp_path / "cell" / "own.yaml").write_text("name: own\nbase: lstm\n")
    (entry,) = loaded("mine", user_folder(tmp_path, FILE.replace("lstm:", "own:"))).results[0].entries
    assert (entry.cell, entry.digest) == ("own", "")
