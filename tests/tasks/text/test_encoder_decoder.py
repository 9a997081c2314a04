import pytest
import torch
from torch import nn

from gatebench.cells import build_cell
from gatebench.nn.recurrent import Recurrent
from gatebench.nn.recurrent_parts import RecurrentParts
from gatebench.task import Batch
from tasks.text.beam_search import translate
from tasks.text.encoder_decoder import END, PAD, EncoderDecoder

SYMBOLS, SIZE = 7, 3


def network(cell: str = "lstm", attention: str = "dot", directions: int = 1, layers: int = 1) -> EncoderDecoder:
    torch.manual_seed(0)
    draws = torch.Generator().manual_seed(0)

    def make(input_size: int, bidirectional: bool) -> Recurrent:
        return Recurrent(
            build_cell({"base": cell}), input_size, 4, layers, bidirectional=bidirectional, generator=draws
        )

    parts = RecurrentParts(make, 4, 0.0, directions)
    return EncoderDecoder(parts, SIZE, symbols=SYMBOLS, embedding=5, attention=attention).eval()


def sources(count: int = 3, steps: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.randn(steps, count, SIZE, generator=torch.Generator().manual_seed(1))
    return x, torch.tensor([steps, 2, 4][:count])


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn_tanh", "slstm", "mingru"])
@pytest.mark.parametrize(("directions", "layers"), [(1, 2), (2, 1)])
def test_one_step_after_another_gives_the_logits_of_all_steps(cell: str, directions: int, layers: int) -> None:
    body = network(cell, directions=directions, layers=layers)
    x, lengths = sources()
    y = torch.tensor([[3, 4, 5], [6, END, 3], [END, PAD, END]])
    together = body(x, Batch(x, y, lengths))
    source = body.read(x, lengths)
    state, read = source.state, torch.cat([torch.ones_like(y[:1]), y[:-1]])
    for step in range(3):
        logits, state = body.write(read[step : step + 1], state, source)
        counts = (y != PAD).sum(0) > step
        torch.testing.assert_close(logits[0][counts], together[step][counts])


def test_a_sentence_does_not_depend_on_those_beside_it() -> None:
    body, (x, lengths) = network(directions=2), sources()
    y = torch.tensor([[3, 4, 5], [6, END, 3], [END, PAD, END]])
    together = body(x, Batch(x, y, lengths))
    alone = body(x[:2, 1:2], Batch(x[:2, 1:2], y[:2, 1:2], lengths[1:2]))
    torch.testing.assert_close(alone[:, 0], together[:2, 1])


def greedy(body: EncoderDecoder, x: torch.Tensor, lengths: torch.Tensor, longest: int) -> list[list[int]]:
    """Write each sequence by itself, from the whole sequence so far."""
    texts = []
    for n in range(x.shape[1]):
        text: list[int] = []
        while len(text) < longest:
            own = x[: lengths[n], n : n + 1]
            logits = body(own, Batch(own, torch.tensor([[*text, 3]]).T, lengths[n : n + 1]))
            text.append(int(logits[-1, 0].argmax()))
            if text[-1] == END:
                break
        texts.append([token for token in text if token != END])
    return texts


def log_probability(body: EncoderDecoder, x: torch.Tensor, lengths: torch.Tensor, text: list[int]) -> float:
    y = torch.tensor([text]).T
    shares = body(x, Batch(x, y, lengths)).log_softmax(-1)
    return float(shares.gather(2, y[..., None]).sum())


@pytest.mark.parametrize("attention", ["none", "dot", "additive"])
def test_a_beam_of_one_takes_the_most_probable_token(attention: str) -> None:
    body, (x, lengths) = network(attention=attention), sources()
    with torch.no_grad():
        assert translate(body, x, lengths, beam=1, longest=8) == greedy(body, x, lengths, 8)


def test_a_wide_beam_finds_the_most_probable_sequence() -> None:
    body, (x, lengths) = network(), sources()
    with torch.no_grad():
        nn.init.normal_(body.linear.weight, 0, 3)
        found = translate(body, x, lengths, beam=SYMBOLS**2, longest=2)
        for n, text in enumerate(found):
            own = x[: lengths[n], n : n + 1]
            candidates = [[END], *([a, b] for a in range(SYMBOLS) for b in range(SYMBOLS) if a != END)]
            scores = [log_probability(body, own, lengths[n : n + 1], one) / len(one) for one in candidates]
            best = candidates[max(range(len(candidates)), key=lambda k: scores[k])]
            assert text == [token for token in best if token != END]
