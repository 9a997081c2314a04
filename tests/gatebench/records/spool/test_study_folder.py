import json
from pathlib import Path

import pytest

from gatebench.records.home import Home
from gatebench.records.spool.study_folder import HOME_STORE, StudyFolder, study_folders


def test_the_studies_of_a_home_are_found(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert study_folders(home) == []
    for study, store in (("a", home.tracking_uri), ("b/../c", "http://server"), ("a", "http://server")):
        StudyFolder(home, study, store).create()
    found = {(folder.study, folder.store) for folder in study_folders(home)}
    assert found == {("a", HOME_STORE), ("b/../c", "http://server"), ("a", "http://server")}


def test_the_declaration_stays_until_another_one_is_kept(tmp_path: Path) -> None:
    folder, found = StudyFolder(Home(tmp_path), "a", "home"), []
    for declaration in (None, "{}", None, "[]"):
        folder.create(declaration)
        found.append(folder.declaration)
    assert found == [None, "{}", "{}", "[]"]


@pytest.mark.parametrize("study", ["../../x", "a/b", "ü" * 300, ".", "a\0b"])
def test_the_name_of_a_study_does_not_lead_elsewhere(tmp_path: Path, study: str) -> None:
    folder = StudyFolder(Home(tmp_path), study, "home")
    folder.create()
    assert folder.path.parent == tmp_path / "spool"
    assert len(folder.path.name) < 60


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"study": 1}', '{"study": "other", "store": "home"}'])
def test_a_folder_with_a_wrong_description_is_left_out(tmp_path: Path, text: str) -> None:
    folder = StudyFolder(Home(tmp_path), "a", "home")
    folder.create()
    (folder.path / "study.json").write_text(text)
    assert study_folders(Home(tmp_path)) == []


def test_links_are_left_out(tmp_path: Path) -> None:
    home, elsewhere = Home(tmp_path / "home"), StudyFolder(Home(tmp_path / "other"), "a", "home")
    elsewhere.create()
    home.spool.mkdir(parents=True)
    (home.spool / elsewhere.path.name).symlink_to(elsewhere.path)
    assert study_folders(home) == []
    assert json.loads((elsewhere.path / "study.json").read_text())["study"] == "a"
