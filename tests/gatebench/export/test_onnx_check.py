from dataclasses import replace

import pytest
import torch
from torch import nn

from gatebench.export.onnx_check import largest_difference
from gatebench.export.onnx_model import network_model
from tasks.blocks.objectives import LastStep
from tests.gatebench.export.networks import CLASSES, H, floats, network


def test_a_difference_is_found_and_large_logits_are_compared_relative_to_their_size() -> None:
    net = network(nn.Identity(), LastStep(H, classes=CLASSES))
    batch = floats()
    content = network_model(net, batch).SerializeToString()
    assert largest_difference(content, net, [batch, floats(steps=2)]) < 1e-6
    assert largest_difference(content, net, []) == 0
    bias = net.get_parameter("head.linear.bias")
    with torch.no_grad():
        size = float(net(batch).abs().max())
        assert size < 1
        bias.add_(0.1)
        assert largest_difference(content, net, [batch]) == pytest.approx(0.1, rel=1e-3)
        bias.add_(99.9)
    assert largest_difference(content, net, [batch]) == pytest.approx(100 / (100 + size), abs=0.02)


def test_a_value_that_is_not_a_number_is_an_infinite_difference() -> None:
    net = network(nn.Identity(), LastStep(H, classes=CLASSES))
    batch = floats()
    content = network_model(net, batch).SerializeToString()
    assert largest_difference(content, net, [replace(batch, x=batch.x * float("nan"))]) == float("inf")
