import pytest
from torch import nn

from gatebench.errors import UserError
from gatebench.export.onnx_model import network_model
from gatebench.export.plain_torch import plain_torch
from gatebench.export.supported import check_network
from tasks.blocks.objectives import LastStep
from tests.gatebench.export.networks import CLASSES, H, floats, network


def test_a_network_with_a_body_of_its_own_is_refused_in_a_sentence() -> None:
    net = network(nn.Identity(), LastStep(H, classes=CLASSES))
    check_network(net)
    net.body = nn.Identity()
    message = "^The network of this task has a body of its own .*; only an encoder, recurrent layers and a head can be"
    with pytest.raises(UserError, match=message):
        network_model(net, floats())
    with pytest.raises(UserError, match=message):
        plain_torch(net, "A network.", "a.safetensors")
