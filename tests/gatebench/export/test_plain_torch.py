"""The exported Python file needs torch alone, and computes the logits of the network."""

import ast
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from gatebench.errors import UserError
from gatebench.export.plain_torch import PlainTorch, largest_plain_difference, plain_torch
from gatebench.task import Batch
from gatebench.training.network import Network
from tasks.blocks.every_step import EveryStep
from tasks.blocks.objectives import LastStep
from tasks.blocks.one_hot import OneHot
from tasks.blocks.pooling import MeanStep
from tasks.text.spelling import SpelledWords
from tests.gatebench.export.networks import CLASSES, WORDS, H, floats, network, spelled, words

LENGTHS = [6, 1, 4]

CASES: list[tuple[Network, Batch, str]] = [
    (network(nn.Identity(), LastStep(H, 2, classes=CLASSES), bidirectional=True), floats(LENGTHS), "nn.LSTM(4, 5, bid"),
    (network(nn.Embedding(WORDS, 4), MeanStep(H, classes=CLASSES), "gru"), words(LENGTHS), "nn.GRU(4, 5)"),
    (network(nn.Identity(), MeanStep(H, classes=CLASSES), num_layers=2), floats(), "num_layers=2"),
    (network(OneHot(WORDS), EveryStep(H, outputs=CLASSES, last=2), "rnn_relu", WORDS), words(), 'nonlinearity="relu"'),
    (network(OneHot(WORDS), EveryStep(H, outputs=CLASSES), "rnn_tanh", WORDS, embed_input=True), words(LENGTHS), "RNN"),
    (
        network(SpelledWords(WORDS, 4, 0.5), EveryStep(H, 2, outputs=CLASSES), bidirectional=True),
        spelled(LENGTHS),
        "nn.Embedding(7, 4)",
    ),
]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_the_file_computes_the_logits_and_imports_torch_alone(case: int) -> None:
    net, batch, code = CASES[case]
    files = plain_torch(net, "A network.", "a.safetensors")
    assert code in files.code
    assert largest_plain_difference(files, net, [batch]) < 1e-6
    tree = ast.walk(ast.parse(files.code))
    imports = [node.module or "" if isinstance(node, ast.ImportFrom) else node.names[0].name
               for node in tree if isinstance(node, ast.Import | ast.ImportFrom)]  # fmt: skip
    assert {name.partition(".")[0] for name in imports} == {"torch", "safetensors"}


def test_the_files_are_a_module_that_loads_its_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net, batch, _ = CASES[0]
    files = plain_torch(net, 'Its """title""" \\ has\nsigns.', "a.safetensors")
    (tmp_path / "exported_for_a_test.py").write_text(files.code, encoding="utf-8")
    (tmp_path / "a.safetensors").write_bytes(files.weights)
    monkeypatch.syspath_prepend(tmp_path)
    import exported_for_a_test  # type: ignore[import-not-found]

    loaded = exported_for_a_test.load(str(tmp_path / "a.safetensors"))
    with torch.no_grad():
        assert torch.allclose(loaded(batch.x, batch.lengths), net(batch), atol=1e-6)
    assert exported_for_a_test.__doc__.startswith("Its '''title''' / has signs.\n")
    del sys.modules["exported_for_a_test"]


def test_a_difference_is_found() -> None:
    net, batch, _ = CASES[2]
    files = plain_torch(net, "A network.", "a.safetensors")
    wrong = PlainTorch(files.code.replace("return self.head_linear", "return 2 * self.head_linear"), files.weights)
    assert largest_plain_difference(wrong, net, [batch]) > 0.01
    nothing = PlainTorch(
        files.code.replace("return self.head_linear", "return torch.nan * self.head_linear"), files.weights
    )
    assert largest_plain_difference(nothing, net, [batch]) == float("inf")


def test_another_cell_is_refused_in_a_sentence() -> None:
    net = network(nn.Identity(), LastStep(H, classes=CLASSES), "mgu")
    with pytest.raises(UserError, match=r"torch\.nn has exactly lstm, .*; mgu has other equations\."):
        plain_torch(net, "A network.", "a.safetensors")
