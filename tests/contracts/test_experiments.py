"""The contract of an experiment, run over every config in `conf/experiment`.

It declares a study that can answer, and the digests of its trials are those in tests/golden/trial_digests.txt.
"""

from typing import NamedTuple

import pytest

from launch.config.compose import Plan, expand
from launch.declaration import check_declaration
from launch.plan import power_lines
from launch.running.known_outcomes import KnownStudy
from tests.digests import experiments, lines_of, write_stand_ins
from tests.paths import ROOT
from tests.test_digests import UPDATE, golden_lines


class Planned(NamedTuple):
    """An experiment and the plan of its trials."""

    name: str
    plan: Plan


@pytest.fixture(scope="module", params=experiments(ROOT))
def planned(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Planned:
    root = tmp_path_factory.mktemp("data")
    write_stand_ins(root)
    return Planned(request.param, expand([f"experiment={request.param}", f"data_root={root}"]))


def test_an_experiment_asks_a_question_that_its_seeds_can_answer(planned: Planned) -> None:
    plan = planned.plan
    study = check_declaration(plan, KnownStudy(None, []))
    assert study.question.endswith("?")
    assert study.baseline in plan.cells
    assert power_lines(plan, study) == []
    compared = [cell for cells in study.families.values() for cell in cells] or [*plan.cells][1:]
    assert compared
    assert set(compared) <= set(plan.cells)


def test_no_digest_has_changed(planned: Planned) -> None:
    lines, golden = lines_of(planned.name, planned.plan.trials), golden_lines(planned.name)
    changed, missing = set(lines) - set(golden), set(golden) - set(lines)
    assert not changed, f"The experiment {planned.name} has other trials than tests/golden/trial_digests.txt.{UPDATE}"
    assert not missing, f"The experiment {planned.name} has fewer trials than tests/golden/trial_digests.txt.{UPDATE}"
    assert lines == golden, f"The trials of {planned.name} have another order.{UPDATE}"
