"""The contract of an experiment, run over every config in `conf/experiment`: it declares a study that can answer."""

from pathlib import Path

import pytest

from launch.config.compose import expand
from launch.declaration import check_declaration
from launch.plan import power_lines
from launch.running.known_outcomes import KnownStudy
from tests.digests import experiments, write_stand_ins
from tests.paths import ROOT


@pytest.mark.parametrize("experiment", experiments(ROOT))
def test_an_experiment_asks_a_question_that_its_seeds_can_answer(experiment: str, tmp_path: Path) -> None:
    write_stand_ins(tmp_path)
    plan = expand([f"experiment={experiment}", f"data_root={tmp_path}"])
    study = check_declaration(plan, KnownStudy(None, []))
    assert study.question.endswith("?")
    assert study.baseline in plan.cells
    assert power_lines(plan, study) == []
    compared = [cell for cells in study.families.values() for cell in cells] or [*plan.cells][1:]
    assert compared
    assert set(compared) <= set(plan.cells)
