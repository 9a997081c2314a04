import math

from launch.display.outcome_text import outcome_text
from tests.launch.trials import outcome, trial

METRICS = {
    "test/accuracy": 0.75,
    "best/val/accuracy": 0.8125,
    "best/val/nll": 1.0,
    "best/epoch": 3.0,
    "gate/l0/write/i/mean": 0.25,
    "gate/l0/keep/f/mean": 0.5,
    "gate/l0/keep/f/tau/median": math.inf,
    "gate/l0/keep-write/correlation": -0.5,
    "gate/l1/keep/1-z/fixed": 1.0,
    "test/gate/l0/keep/f/mean": 0.625,
    "baseline/chance": 0.1,
    "matrix/1/2": 0.4,
    "parameters": 17546.0,
    "seconds": 1.5,
}

TEXT = """\
validation (best epoch)
  accuracy  0.8125
  nll       1

test (weights of the best epoch)
  accuracy  0.75

gates, validation
                    mean  tau/median  fixed
  -----------------------------------------
  l0  keep (f)       0.5         inf      –
  l0  write (i)     0.25           –      –
  l1  keep (1 − z)     –           –      1
  l0/keep-write/correlation  -0.5

gates, test
                 mean
  -------------------
  l0  keep (f)  0.625

simple methods on the test set
  chance  0.1

score after experience/on experience
  1/2  0.4

training and cost
  best/epoch  3
  parameters  17,546
  seconds     1.5"""


def test_metrics_are_in_groups_and_none_is_lost() -> None:
    found = outcome_text(outcome(trial(), metrics=METRICS))
    assert found == TEXT


def test_without_metrics_there_is_no_text() -> None:
    assert outcome_text(outcome(trial(), metrics={})) == ""


def test_numbers_stand_below_their_columns() -> None:
    lines = outcome_text(outcome(trial(), metrics=METRICS)).splitlines()
    head = next(line for line in lines if "tau/median" in line)
    row = next(line for line in lines if "keep (f)" in line)
    assert row.rindex("0.5") + 3 == head.index("mean") + 4
    assert row.index("inf") + 3 == head.index("tau/median") + len("tau/median")
