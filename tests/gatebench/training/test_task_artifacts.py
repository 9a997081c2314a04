from dataclasses import replace

import torch
from torch import Tensor

from gatebench.outcome import Outcome
from gatebench.task import Artifacts, Batch, TrainedNetwork
from gatebench.training.network import Network
from gatebench.training.task_artifacts import add_task_artifacts
from tests.gatebench.training.checkpoint.trials import TRIALS


def test_the_files_are_kept_in_their_folder_and_the_mode_of_the_network_stays() -> None:
    trial = TRIALS["lengths"]
    problem = trial.build_task().load(None)  # type: ignore[arg-type]
    network = Network(problem, trial)
    seen: list[tuple[bool, bool, Tensor]] = []

    def artifacts(trained: TrainedNetwork, seed: int) -> Artifacts:
        logits = trained(problem.test.batch(torch.tensor([0])))
        seen.append((network.training, logits.requires_grad, logits))
        assert (trained.encoder, trained.body) == (network.encoder, None)
        return Artifacts({"bleu": 7.0}, {"a.txt": str(seed).encode()})

    outcome = Outcome.of(trial, "finished")
    added = add_task_artifacts(outcome, network, replace(problem, artifacts=artifacts), 7)
    assert added.files == {"outputs/a.txt": b"7"}
    assert added.metrics == {"test/bleu": 7.0}
    assert seen[0][:2] == (False, False)
    assert network.training
    batch: Batch = problem.test.batch(torch.tensor([0]))
    assert torch.equal(seen[0][2], network.eval()(batch))
    assert add_task_artifacts(outcome, network, problem, 7) == outcome
