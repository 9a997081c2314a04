"""The scores and the gates of a network over a split, from one forward pass for each batch.

If several ranks share the batches, the sums of all ranks are added. So the scores are exact, as those of one process.
"""

from math import nan

from torch import Tensor

from gatebench.measures.gate_recorder import GateRecorder
from gatebench.measures.gate_sums import TraceSums
from gatebench.task import Batch, Problem
from gatebench.training.gate_exchange import sum_over_ranks
from gatebench.training.network import Network
from gatebench.training.rank_group import NO_GROUP, RankGroup


class Evaluation:
    """The sums over the batches of a split, from which the scores and the statistics of the gates follow.

    Args:
        problem: the task.
        recorder: the recorder of the gates, which is reset; None: the gates are not traced.
        group: the ranks that share the batches.
    """

    def __init__(self, problem: Problem, recorder: GateRecorder | None, group: RankGroup = NO_GROUP) -> None:
        self.problem, self.recorder, self.group = problem, recorder, group
        if recorder is not None:
            recorder.reset()
        self._tallies: dict[str, Tensor] = {}
        self._has_nan: Tensor | None = None

    def add(self, network: Network, batch: Batch) -> None:
        """Run the network on a batch, and add its tallies and its gates. The batch may have no example."""
        if not batch.x.shape[1]:
            return
        if self.recorder is None:
            answer = network(batch, for_loss=True)
        else:
            answer, recorded = network.forward_with_gates(batch, for_loss=True)
            for one in recorded:
                self.recorder.add(one.trace, one.lengths)
        # The sums stay on the device: reading one waits for all work that the device has to do.
        has_nan = answer.isnan().any()
        self._has_nan = has_nan if self._has_nan is None else self._has_nan | has_nan
        for name, value in self.problem.tally(answer, batch).items():
            before = self._tallies.get(name)
            after = value.detach().double()
            self._tallies[name] = after + 0.0 if before is None else before + after

    def scores(self) -> dict[str, float]:
        """Return the task's metrics over the examples of all ranks.

        All are NaN if a logit was NaN, because the largest of NaNs says nothing.
        """
        tallies = {name: value.item() for name, value in self._tallies.items()}
        scores = self.problem.scores(self.group.sum_by_name(tallies))
        (has_nan,) = self.group.any(self._has_nan is not None and bool(self._has_nan))
        return dict.fromkeys(scores, nan) if has_nan else scores

    def gate_sums(self) -> TraceSums | None:
        """Return the sums of the gates over the examples of all ranks so far; None if the gates are not traced."""
        return None if self.recorder is None else sum_over_ranks(self.recorder.sums, self.group)
