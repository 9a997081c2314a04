"""The search for the most probable target sequence of an encoder-decoder network. B batch, K beam, V vocabulary."""

from itertools import count

import torch
from torch import Tensor

from tasks.text.encoder_decoder import BEGIN, END, EncoderDecoder, Source, chosen


def translate(body: EncoderDecoder, x: Tensor, lengths: Tensor | None, *, beam: int, longest: int) -> list[list[int]]:
    """Return the target tokens of each sequence, without the end.

    With a beam of 1 the most probable token is taken at each step (greedy search). Otherwise the `beam` sequences with
    the largest log-probability are kept. Of the finished ones, the one with the largest log-probability for each token
    is the answer.

    Args:
        body: the network, in the mode of evaluation.
        x: the source embeddings (T, B, I).
        lengths: the lengths of the sources, (B,); None if all have T.
        beam: K.
        longest: the largest number of tokens; a longer sequence is cut.
    """
    examples = x.shape[1]
    each = torch.arange(examples, device=x.device).repeat_interleave(beam)
    read = body.read(x, lengths)
    source = Source(read.memory[:, each], read.valid[:, each], chosen(read.state, each))
    state, tokens = source.state, torch.full((1, examples * beam), BEGIN, device=x.device)
    scores = torch.full((examples, beam), -torch.inf, device=x.device)
    scores[:, 0] = 0.0  # all beams are equal before the first token
    texts = torch.zeros(0, examples * beam, dtype=torch.int64, device=x.device)
    found: list[list[tuple[float, list[int]]]] = [[] for _ in range(examples)]
    first_beam = torch.arange(examples, device=x.device)[:, None] * beam
    for step in count(1):
        logits, state = body.write(tokens, state, source)
        symbols = logits.shape[-1]
        log_probabilities = scores[..., None] + logits[0].float().log_softmax(-1).reshape(examples, beam, symbols)
        scores, best = log_probabilities.flatten(1).topk(beam, -1)
        origins, drawn = (first_beam + best // symbols).flatten(), (best % symbols).flatten()
        texts, state = torch.cat([texts[:, origins], drawn[None]]), chosen(state, origins)
        ended = (drawn == END).reshape(examples, beam)
        last = step == longest
        for example, number in ((ended | last) & scores.isfinite()).nonzero().tolist():
            text = [token for token in texts[:, example * beam + number].tolist() if token != END]
            found[example].append((scores[example, number].item() / step, text))
        scores = scores.masked_fill(ended, -torch.inf)
        if last or all(len(own) >= beam for own in found):
            break
        tokens = drawn[None]
    return [max(own, key=lambda one: one[0])[1] for own in found]
