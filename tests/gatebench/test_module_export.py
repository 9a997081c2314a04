from torch import nn

from gatebench.module_export import ExportableModule, plain_linear
from tasks.blocks.every_step import EveryStep
from tasks.blocks.objectives import LastStep
from tasks.blocks.one_hot import OneHot
from tasks.blocks.pooling import MeanStep


def test_the_modules_of_the_tasks_can_be_exported_and_others_are_known_not_to() -> None:
    heads = (EveryStep(2, outputs=3), LastStep(2, classes=3), MeanStep(2, classes=3))
    assert all(isinstance(module, ExportableModule) for module in (*heads, OneHot(3)))
    assert not isinstance(nn.Linear(2, 3), ExportableModule)


def test_a_linear_head_is_a_constructor_with_its_weights() -> None:
    layer = nn.Linear(2, 3)
    plain = plain_linear(layer, "{self}linear({x})")
    assert plain.members == {"linear": "nn.Linear(2, 3)"}
    assert plain.weights["linear.bias"] is layer.bias
