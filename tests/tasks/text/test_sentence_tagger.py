import torch

from gatebench.cells import build_cell
from gatebench.nn.recurrent import Recurrent
from gatebench.nn.recurrent_parts import RecurrentParts
from gatebench.task import Batch
from tasks.text.sentence_tagger import END, PAD, SentenceTagger, sentence_spans

TEXTS = [[5, 6, END, 7, END], [8, END], [9, 5, 5, END, 6, END, 7, 8, END]]


def tokens(texts: list[list[int]]) -> torch.Tensor:
    longest = max(map(len, texts))
    return torch.tensor([[*text, *[PAD] * (longest - len(text))] for text in texts]).T


def tagger() -> SentenceTagger:
    torch.manual_seed(0)
    cell, draws = build_cell({"base": "gru"}), torch.Generator().manual_seed(0)

    def make(input_size: int, bidirectional: bool) -> Recurrent:
        return Recurrent(cell, input_size, 4, bidirectional=bidirectional, generator=draws)

    return SentenceTagger(RecurrentParts(make, 4, 0.0, 2), 3).double()


def test_the_sentences_of_texts_the_longest_first() -> None:
    spans = sentence_spans(tokens(TEXTS))
    found = list(zip(*(part.tolist() for part in spans[:4]), strict=True))
    assert found == [(2, 0, 0, 4), (0, 0, 0, 3), (2, 2, 6, 3), (0, 1, 3, 2), (1, 0, 0, 2), (2, 1, 4, 2)]
    assert spans.counts.tolist() == [2, 1, 3]


def test_a_text_has_the_same_logits_alone_and_in_a_batch() -> None:
    built = tagger()
    embedding = torch.randn(10, 3, dtype=torch.float64)
    whole = tokens(TEXTS)
    batch = Batch(whole, torch.zeros(3, 3), torch.tensor([len(text) for text in TEXTS]))
    together = built(embedding[whole], batch)
    assert together.shape == (3, 3)
    for place, text in enumerate(TEXTS):
        one = tokens([text])
        alone = built(embedding[one], Batch(one, torch.zeros(1, 1), torch.tensor([len(text)])))
        torch.testing.assert_close(together[: len(alone), place], alone[:, 0])


def test_a_logit_depends_on_all_sentences_of_its_text_and_on_no_other_text() -> None:
    built, whole = tagger(), tokens(TEXTS)
    x = torch.randn(*whole.shape, 3, dtype=torch.float64, requires_grad=True)
    logits = built(x, Batch(whole, torch.zeros(3, 3), torch.tensor([5, 2, 9])))
    (gradient,) = torch.autograd.grad(logits[0, 2], x)
    assert (gradient[:, 2] != 0).all()
    assert (gradient[:, :2] == 0).all()
