from dataclasses import replace
from pathlib import Path

import torch

from gatebench.training.network_check import network_refusal
from tests.gatebench.training.checkpoint.trials import TRIALS
from tests.gatebench.training.sign import TRIAL


def test_a_setting_that_the_network_does_not_allow_has_a_sentence_and_nothing_is_drawn() -> None:
    problem = TRIAL.build_task().load(Path())
    before = torch.get_rng_state()
    assert network_refusal(TRIAL, problem) == ""
    cut = replace(TRIAL, training=replace(TRIAL.training, tbptt=4))
    assert network_refusal(cut, problem).startswith("training.tbptt=4 would train only on the last 4 steps of sign")
    assert torch.equal(torch.get_rng_state(), before)


def test_sequences_of_several_lengths_have_no_cuda_graphs() -> None:
    graphs = replace(TRIAL.training, compile=True, device="cuda", cuda_graphs=True)
    assert network_refusal(replace(TRIAL, training=graphs), TRIAL.build_task().load(Path())) == ""
    tokens = replace(TRIALS["tokens"], training=graphs)
    assert network_refusal(tokens, tokens.build_task().load(Path())).startswith(
        "training.cuda_graphs=true needs batches"
    )
