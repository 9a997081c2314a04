import torch

from tasks.text.beam_search import translate
from tests.tasks.text.test_encoder_decoder import network, sources


def test_no_sequence_is_longer_than_allowed() -> None:
    body, (x, lengths) = network(), sources()
    with torch.no_grad():
        for beam in (1, 3):
            assert all(len(text) <= 4 for text in translate(body, x, lengths, beam=beam, longest=4))
