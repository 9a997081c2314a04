"""A head for a large vocabulary, which compares its logits with the targets in chunks. T time, B batch, H hidden."""

from torch import Tensor

from gatebench.task import Batch
from tasks.blocks.every_step import EveryStep
from tasks.blocks.valid_steps import valid_places
from tasks.text.chunked_cross_entropy import scored_tokens


class LargeVocabulary(EveryStep):
    """`EveryStep` for the next token of a text. In training and evaluation the logits of all steps are never held."""

    def scored(self, output: Tensor, batch: Batch) -> Tensor:
        """Return the scores (T, B, 3) of `tasks.text.chunked_cross_entropy.scored_tokens`.

        Args:
            output: the recurrent output (T, B, H).
            batch: the next token of each step, (T, B), and the lengths.
        """
        return scored_tokens(output, self.linear, batch.y, valid_places(batch))
