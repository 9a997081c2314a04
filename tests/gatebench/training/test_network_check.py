from dataclasses import replace
from pathlib import Path

import torch

from gatebench.training.network_check import network_refusal
from tests.gatebench.training.sign import TRIAL


def test_a_setting_that_the_network_does_not_allow_has_a_sentence_and_nothing_is_drawn() -> None:
    problem = TRIAL.build_task().load(Path())
    before = torch.get_rng_state()
    assert network_refusal(TRIAL, problem) == ""
    cut = replace(TRIAL, training=replace(TRIAL.training, tbptt=4))
    assert network_refusal(cut, problem).startswith("training.tbptt=4 would train only on the last 4 steps of sign")
    assert torch.equal(torch.get_rng_state(), before)
