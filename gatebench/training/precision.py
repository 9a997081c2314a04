"""The number types of a training, `training.precision`.

| setting | weights and optimiser | matrix products of the encoder and the head | recurrent layers |
| --- | --- | --- | --- |
| 32-true | float32 | float32 | float32 |
| bf16-mixed | float32 | bfloat16, by `torch.autocast` | products in bfloat16 on `fused` and `triton`, else float32 |

`gatebench.nn.low_precision` says what is rounded in recurrent layers.

Logits are float32 in both, and so are the loss and the sums of the scores. Autocast is on in training steps and in the
passes over validation and test. The results that are computed after the test, for example texts and examples of gates,
are computed in float32.
"""

from typing import Any

import torch
from pytorch_lightning.plugins.precision import MixedPrecision, Precision

from gatebench.training_settings import FULL_PRECISION, Training


class MixedBFloat16(MixedPrecision):
    """Lightning's mixed precision with bfloat16. Batches are not converted: their numbers are float32 already.

    Args:
        device: the type of the torch device.
    """

    def __init__(self, device: str) -> None:
        super().__init__("bf16-mixed", device)

    def convert_input(self, data: Any) -> Any:
        """Return a batch as it is."""
        return data


def precision_plugin(settings: Training) -> Precision:
    """Return the plugin of Lightning for the settings."""
    return Precision() if settings.precision == FULL_PRECISION else MixedBFloat16(settings.device)


def autocast(settings: Training) -> torch.autocast:
    """Return the context of a pass through the network, for passes that Lightning does not run."""
    is_on = settings.precision != FULL_PRECISION
    return torch.autocast(settings.device, torch.bfloat16, enabled=is_on, cache_enabled=False)
