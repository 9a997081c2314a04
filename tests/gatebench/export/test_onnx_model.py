"""A network in ONNX has the logits of the network, for any T and B."""

import onnx
import pytest
import torch
from torch import nn

from gatebench.errors import UserError
from gatebench.export.onnx_check import largest_difference
from gatebench.export.onnx_model import network_model
from gatebench.task import Batch
from gatebench.training.network import Network
from tasks.blocks.every_step import EveryStep
from tasks.blocks.objectives import LastStep
from tasks.blocks.one_hot import OneHot
from tasks.blocks.pooling import MeanStep
from tasks.text.spelling import SpelledWords
from tests.gatebench.export.networks import CLASSES, WORDS, H, floats, network, spelled, words

EMBEDDING = nn.Sequential(nn.Embedding(WORDS, 4), nn.Dropout(0.5))
SPELLED = SpelledWords(WORDS, 4, 0.5)
LENGTHS = [6, 1, 4]

CASES: list[tuple[Network, list[Batch]]] = [
    (network(nn.Identity(), LastStep(H, classes=CLASSES)), [floats(), floats(steps=2)]),
    (network(nn.Identity(), LastStep(H, 2, classes=CLASSES), bidirectional=True), [floats(LENGTHS), floats([6, 6, 6])]),
    (network(nn.Identity(), MeanStep(H, classes=CLASSES), num_layers=2, dropout=0.5), [floats(), floats(steps=1)]),
    (network(EMBEDDING, MeanStep(H, classes=CLASSES), "gru"), [words(LENGTHS), words([1, 2, 2], steps=2)]),
    (network(OneHot(WORDS), EveryStep(H, outputs=CLASSES), "mgu", WORDS), [words(LENGTHS), words([1, 9, 2], steps=9)]),
    (network(OneHot(WORDS), EveryStep(H, outputs=CLASSES, last=2), "mut1", WORDS, embed_input=True), [words()]),
    (network(SPELLED, EveryStep(H, 2, outputs=CLASSES), bidirectional=True), [spelled(LENGTHS), spelled([2, 3, 9])]),
]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_a_network_has_its_logits_for_any_t_and_b(case: int) -> None:
    net, batches = CASES[case]
    content = network_model(net, batches[0]).SerializeToString()
    assert largest_difference(content, net, [*batches, _first(batches[0])]) < 1e-6


def _first(batch: Batch) -> Batch:
    """Return the first sequence of a batch."""
    return Batch(batch.x[:, :1], batch.y[:1], None if batch.lengths is None else batch.lengths[:1])


def test_axes_have_names_and_the_file_says_where_it_comes_from() -> None:
    net, batches = CASES[4]
    model = network_model(net, batches[0], {"study": "mine"})
    shapes = {
        one.name: [axis.dim_param or axis.dim_value for axis in one.type.tensor_type.shape.dim]
        for one in (*model.graph.input, *model.graph.output)
    }
    assert shapes == {"x": ["T", "B"], "lengths": ["B"], "logits": ["S", "B", CLASSES]}
    assert {one.key: one.value for one in model.metadata_props} == {"study": "mine"}
    assert model.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.INT64
    assert network_model(CASES[0][0], floats()).graph.output[0].type.tensor_type.shape.dim[0].dim_param == "B"


def test_a_module_without_a_form_in_onnx_is_refused_in_a_sentence() -> None:
    net = network(nn.Sequential(nn.Identity(), nn.Tanh()), LastStep(H, classes=CLASSES))
    with pytest.raises(UserError, match=r"^The module Tanh of this task cannot be exported; it needs the methods"):
        network_model(net, floats())


def test_a_network_in_double_precision_is_exported_as_it_is() -> None:
    net = network(nn.Identity(), LastStep(H, classes=CLASSES)).double()
    batch = Batch(floats().x.double(), torch.zeros(3))
    assert largest_difference(network_model(net, batch).SerializeToString(), net, [batch]) < 1e-12
