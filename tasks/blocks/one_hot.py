"""One-hot encoding of symbols."""

import torch
from torch import Tensor, nn

from gatebench.module_export import OnnxNodes, PlainModule


class OneHot(nn.Module):
    """Encodes whole numbers from 0 to `symbols` - 1 as one-hot vectors.

    It is a module, unlike `torch.nn.functional.one_hot`, so that it can be the encoder of a `Problem`.
    """

    eye: Tensor

    def __init__(self, symbols: int) -> None:
        super().__init__()
        self.register_buffer("eye", torch.eye(symbols), persistent=False)

    def forward(self, symbols: Tensor) -> Tensor:
        """Return the one-hot vectors (T, B, symbols), as floats, of the whole numbers (T, B)."""
        return self.eye[symbols.long()]

    def to_onnx(self, nodes: OnnxNodes, x: str, lengths: str | None) -> str:
        """See `gatebench.module_export.ExportableModule`."""
        del lengths
        return nodes.add("Gather", nodes.constant(self.eye.cpu().numpy()), x)

    def to_plain(self) -> PlainModule:
        """See `gatebench.module_export.ExportableModule`."""
        return PlainModule(f"nn.functional.one_hot({{x}}.long(), {len(self.eye)}).float()")
