from dataclasses import replace
from xml.etree import ElementTree

from launch.running.trial_pictures import trial_pictures
from tests.launch.trials import outcome, trial


def test_a_trial_has_the_diagram_of_its_cell_and_its_curves() -> None:
    lstm = trial("lstm")
    pictures = trial_pictures(lstm, outcome(lstm), [{"val/accuracy": 0.5, "train/loss": 1.0}])
    assert set(pictures) == {"pictures/cell.svg", "pictures/curves.svg"}
    for content in pictures.values():
        ElementTree.fromstring(content)
    assert "lstm · digits · seed 0" in pictures["pictures/curves.svg"].decode()


def test_the_diagram_shows_what_an_ablation_removed() -> None:
    ablated = replace(trial("lstm"), cell={"name": "no input gate", "base": "lstm", "ablate": {"i": {"fix": 1}}})
    picture = trial_pictures(ablated, outcome(ablated), [])["pictures/cell.svg"].decode()
    assert "no input gate" in picture
    assert "i = 1" in picture


def test_two_names_of_one_cell_have_two_titles() -> None:
    first, second = (replace(trial("lstm"), cell={"name": name, "base": "lstm"}) for name in ("one", "another"))
    titles = [trial_pictures(some, outcome(some), [])["pictures/cell.svg"].decode() for some in (first, second)]
    assert ">one<" in titles[0]
    assert ">another<" in titles[1]


def test_a_trial_that_failed_at_once_has_only_the_diagram() -> None:
    lstm = trial("lstm")
    assert set(trial_pictures(lstm, outcome(lstm, "failed"), [])) == {"pictures/cell.svg"}


def test_an_architecture_that_is_no_cell_has_no_diagram() -> None:
    attention = replace(trial("lstm"), cell={"name": "attention", "base": "attention"})
    pictures = trial_pictures(attention, outcome(attention), [{"val/accuracy": 0.5, "train/loss": 1.0}])
    assert set(pictures) == {"pictures/curves.svg"}
